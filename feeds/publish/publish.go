// Package publish renders stories as feeds: RSS 2.0, Atom 1.0, JSON Feed 1.1, and
// the list of all feeds as OPML 2.0.
//
// It is pure: equal documents give equal bytes on every machine, whatever the
// hour. Read [Document] and [Render] first.
package publish

import (
	"fmt"
	"html"
	"io"
	"strings"
	"time"

	gorilla "github.com/gorilla/feeds"

	"gomtin/feeds"
)

// A Document is one feed to render.
type Document struct {
	Site        feeds.Site
	Path        string // of the feed without its ending: "/topics/y-te"
	Page        string // path of the page that shows the same; "/" for the home page
	Title       string
	Description string
	Hub         string // path of the WebSub hub; empty for none
	Stories     []feeds.Story
	Topics      map[feeds.TopicID]feeds.Topic
	Departments map[feeds.DepartmentID]feeds.Department
	Sources     map[feeds.SourceID]string // the address that each article came from
}

// A Format is a kind of feed.
type Format struct {
	Name      string // "RSS"
	Ending    string // ".rss"
	MediaType string
	render    func(io.Writer, Document) error
}

// Formats are all that feeds are rendered in.
var Formats = []Format{
	{"RSS", ".rss", "application/rss+xml", renderRSS},
	{"Atom", ".atom", "application/atom+xml", renderAtom},
	{"JSON Feed", ".json", "application/feed+json", renderJSON},
}

// Render writes d as a feed of format f.
func Render(w io.Writer, f Format, d Document) error {
	if err := f.render(w, d); err != nil {
		return fmt.Errorf("render %s%s: %w", d.Path, f.Ending, err)
	}
	return nil
}

// Most is how many stories a feed shows: all there are, up to that. While there
// are no archives to walk back in, a shorter feed would lose what a subscriber
// missed.
const Most = 200

// mostBytes is how much text a feed holds: an article may have half a megabyte.
const mostBytes = 8 << 20

// Window returns how many of stories, newest first, a feed shows.
func Window(stories []feeds.Story) int {
	size := 0
	for i, s := range stories[:min(len(stories), Most)] {
		if size += len(s.Lead.Content); size > mostBytes {
			return i
		}
	}
	return min(len(stories), Most)
}

const generator = "gomtin"

// url makes a path an address of the site.
func (d Document) url(path string) string { return strings.TrimSuffix(d.Site.URL, "/") + path }

// id is the feed's own tag URI, the same for every format.
func (d Document) id() string { return "tag:" + d.Site.Tag + ":feed:" + d.Path }

func (d Document) language() string {
	if d.Site.Language != "" {
		return d.Site.Language
	}
	return "vi"
}

// zone is where the site's readers live.
func (d Document) zone() *time.Location {
	if d.Site.Timezone != "" {
		if loc, err := time.LoadLocation(d.Site.Timezone); err == nil {
			return loc
		}
	}
	return time.FixedZone("", 7*60*60)
}

// updated is the newest change of an entry. A feed without entries has the date of
// the site's tag: the only moment that all machines agree on.
func (d Document) updated() time.Time {
	var newest time.Time
	for _, s := range d.Stories {
		if s.Lead.Updated.After(newest) {
			newest = s.Lead.Updated
		}
	}
	if newest.IsZero() {
		newest = tagDate(d.Site.Tag)
	}
	return newest.In(d.zone())
}

// tagDate reads the date of a tag's authority (RFC 4151, 2.1): "x.vn,2026-05".
func tagDate(tag string) time.Time {
	_, date, _ := strings.Cut(tag, ",")
	for _, layout := range []string{"2006-01-02", "2006-01", "2006"} {
		if t, err := time.Parse(layout, date); err == nil {
			return t
		}
	}
	return time.Unix(0, 0).UTC()
}

// gorilla builds the library's feed, which each format extends.
func (d Document) gorilla() *gorilla.Feed {
	f := &gorilla.Feed{
		Title:       d.Title,
		Link:        &gorilla.Link{Href: d.url(d.Page)},
		Description: d.Description,
		Id:          d.id(),
		Updated:     d.updated(),
		Copyright:   d.Site.Rights,
	}
	zone := d.zone()
	for _, s := range d.Stories {
		a := s.Lead
		f.Items = append(f.Items, &gorilla.Item{
			Title:       a.Title,
			Link:        &gorilla.Link{Href: d.link(a)},
			Author:      &gorilla.Author{Name: d.author(a)},
			Description: html.EscapeString(a.Summary),
			Id:          d.Site.EntryID(a.ID),
			IsPermaLink: "false",
			Created:     a.Published.In(zone).Truncate(time.Second),
			Updated:     a.Updated.In(zone).Truncate(time.Second),
			Content:     string(a.Content),
		})
	}
	return f
}

// link is the department's page, or ours for an article that has none.
func (d Document) link(a feeds.Article) string {
	if a.Link != "" {
		return a.Link
	}
	return d.url("/articles/" + string(a.ID))
}

func (d Document) author(a feeds.Article) string {
	if a.Author != "" {
		return a.Author
	}
	return d.department(a).Name
}

// department returns the article's, by its id alone if the catalogue no longer
// names it.
func (d Document) department(a feeds.Article) feeds.Department {
	if dep, ok := d.Departments[a.Department]; ok {
		return dep
	}
	return feeds.Department{ID: a.Department, Name: string(a.Department), Home: a.Link}
}

// source returns the address that the article came from.
func (d Document) source(a feeds.Article) string {
	if at := d.Sources[a.Source]; at != "" {
		return at
	}
	return d.department(a).Home
}

// topics returns the labels of a story's topics, best first.
func (d Document) topics(a feeds.Article) []feeds.Topic {
	var all []feeds.Topic
	for _, m := range a.Topics {
		if t, ok := d.Topics[m.Topic]; ok {
			all = append(all, t)
		}
	}
	return all
}

// scheme is the category scheme of our topics.
func (d Document) scheme() string { return d.url("/topics/") }

// dimension writes a picture's width or height; empty if unknown.
func dimension(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprint(n)
}
