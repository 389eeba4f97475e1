package extract

import (
	"errors"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
	"github.com/mmcdole/gofeed/atom"
	ext "github.com/mmcdole/gofeed/extensions"
	jsonfeed "github.com/mmcdole/gofeed/json"
	rssfeed "github.com/mmcdole/gofeed/rss"

	"gomtin/feeds"
)

// readFeed reads RSS, RDF, Atom or JSON Feed. A document that the parser refuses,
// or of which it silently loses items, is read item by item.
func readFeed(src feeds.Source, pageURL, text string) (*Document, error) {
	if !looksLikeFeed(text) {
		return nil, notAFeed(text)
	}
	if strings.Count(text, "xmlns") > mostNamespaces {
		return nil, errBounds
	}
	isJSON := strings.HasPrefix(strings.TrimSpace(text), "{")
	if !isJSON {
		text = repairXML(text)
	}
	feed, items, err := parse(text)
	var lost []error
	if !isJSON {
		begun := countItems(text)
		if err != nil || begun > len(items) {
			if f, found := salvage(text); len(found) > len(items) {
				feed, items, err = f, found, nil
			}
			if missing := begun - len(items); missing > 0 && err == nil {
				lost = append(lost, fmt.Errorf("%d of %d items could not be read: the document is damaged or cut off", missing, begun))
			}
		}
	}
	if err != nil {
		return nil, err
	}
	base, err := parseBase(pageURL)
	if err != nil {
		return nil, err
	}
	return &Document{
		Title:       plain(feed.Title),
		Link:        absolute(base, feed.Link),
		Description: plain(feed.Description),
		Language:    languageTag(feed.Language),
		Updated:     feedTime(feed),
		Articles:    feedArticles(feed, items, base),
		Lost:        lost,
	}, nil
}

// An item is one of a feed's, with its times and authors as the feed writes them:
// gofeed would take an Atom entry's updated for its published, an RSS item's
// dc:date for both, and the first author for all.
type item struct {
	*gofeed.Item
	published, updated string
	authors            []string
}

func parse(text string) (*gofeed.Feed, []item, error) {
	p := gofeed.NewParser()
	p.KeepOriginalFeed = true
	p.RSSTranslator = &gofeed.DefaultRSSTranslator{DisableContentImageScan: true}
	feed, err := p.ParseString(text)
	if err != nil {
		return nil, nil, err
	}
	items := make([]item, len(feed.Items))
	for i, it := range feed.Items {
		items[i] = item{Item: it, published: it.Published, updated: it.Updated}
		for _, p := range it.Authors {
			if p != nil {
				items[i].authors = append(items[i].authors, p.Name)
			}
		}
	}
	switch original := feed.OriginalFeed().(type) {
	case *atom.Feed:
		for i, e := range original.Entries[:min(len(original.Entries), len(items))] {
			items[i].published = e.Published
		}
	case *jsonfeed.Feed:
		for i, e := range original.Items[:min(len(original.Items), len(items))] {
			items[i].published = e.DatePublished
		}
	case *rssfeed.Feed:
		for i, e := range original.Items[:min(len(original.Items), len(items))] {
			items[i].fromRSS(e)
		}
	}
	return feed, items, nil
}

// fromRSS takes what RSS and its modules say of times and authors.
func (it *item) fromRSS(original *rssfeed.Item) {
	it.published, it.updated = original.PubDate, original.Custom["updated"]
	if e := original.Extensions["atom"]["updated"]; len(e) > 0 {
		it.updated = e[0].Value
	}
	dc := original.DublinCoreExt
	if dc != nil && it.published == "" && len(dc.Date) > 0 {
		it.published = dc.Date[0]
	}
	switch {
	case original.Author != "":
		it.authors = []string{original.Author}
	case dc != nil && len(dc.Creator) > 0:
		it.authors = dc.Creator
	}
}

// salvage reads each complete item by itself.
func salvage(text string) (feed *gofeed.Feed, items []item) {
	head, all := pieces(text)
	feed, _, err := parse(head)
	if err != nil {
		feed = &gofeed.Feed{} // its title is damaged too
	}
	for piece := range all {
		if _, found, err := parse(piece); err == nil && len(found) == 1 {
			items = append(items, found[0])
		}
	}
	return feed, items
}

// notAFeed says what stands where a feed was expected.
func notAFeed(text string) error {
	if strings.TrimSpace(text) == "" {
		return errors.New("expected a feed, got an empty answer")
	}
	if htmlRoot.MatchString(text[:min(len(text), 64<<10)]) {
		title := ""
		if m := titleForm.FindStringSubmatch(text[:min(len(text), 64<<10)]); m != nil {
			title = fmt.Sprintf(" titled “%s”", shorten(plain(m[1]), 60))
		}
		return fmt.Errorf("expected a feed, got an HTML page%s; if it lists articles, write it as a list: source", title)
	}
	return errors.New("expected a feed, got something that is neither RSS, Atom nor JSON Feed")
}

var titleForm = regexp.MustCompile(`(?is)<title[^>]*>(.{0,300}?)</title>`)

// feedTime is when the feed says that it changed.
func feedTime(feed *gofeed.Feed) time.Time {
	for _, s := range []string{feed.Updated, feed.Published} {
		if t, ok := ParseDate(s); ok {
			return t
		}
	}
	return time.Time{}
}

func feedArticles(feed *gofeed.Feed, items []item, base *url.URL) []feeds.Article {
	guids := make(map[string]int)
	for _, it := range items {
		guids[strings.TrimSpace(it.GUID)]++
	}
	articles := make([]feeds.Article, 0, len(items))
	for _, it := range items {
		a := feedArticle(it, base)
		if guid := strings.TrimSpace(it.GUID); guids[guid] == 1 {
			a.GUID = guid // a guid that the document repeats tells nothing apart
		}
		a.Published, _ = ParseDate(it.published)
		a.Updated, _ = ParseDate(it.updated)
		articles = append(articles, a)
	}
	if nukeViet(feed) && minutesAreMonths(articles) {
		for i := range articles {
			articles[i].Published = articles[i].Published.Truncate(time.Hour)
		}
	}
	return articles
}

func feedArticle(item item, base *url.URL) feeds.Article {
	a := feeds.Article{
		Title:    plain(item.Title),
		Link:     itemLink(item.Item, base),
		Author:   authorNames(item.authors),
		Language: itemLanguage(item.Item),
	}
	itemBase := base
	if u, err := url.Parse(a.Link); err == nil && u.Host != "" {
		itemBase = u
	}
	content, summary := item.Content, item.Description
	if content == "" {
		content = summary
	}
	a.Content = trimHabits(Sanitize(unescapeTwice(content), itemBase))
	a.Summary = shorten(trimEndMark(leadOf(trimDateline(plainSummary(summary, itemBase)))), 500)
	for _, c := range item.Categories {
		if c = plain(c); c != "" {
			a.Categories = append(a.Categories, c)
		}
	}
	if len(a.Categories) > 0 {
		a.Section = a.Categories[0]
	}
	a.Enclosures, a.Image = itemMedia(item.Item, itemBase)
	return a
}

// itemLink takes the link, or the guid where that is an address and there is no
// link.
func itemLink(item *gofeed.Item, base *url.URL) string {
	if link := absolute(base, item.Link); link != "" {
		return link
	}
	if guid := strings.TrimSpace(item.GUID); strings.HasPrefix(guid, "http") {
		return absolute(base, guid)
	}
	return ""
}

// An RSS author is a mail address with the name behind it in brackets, or a name
// with the address behind it (RSS 2.0, author; RFC 5322, 3.4).
var (
	mailThenName = regexp.MustCompile(`^\S+@\S+\s*\((.*)\)\s*$`)
	mailForm     = regexp.MustCompile(`<?\S+@\S+>?`)
)

// authorNames returns the names; an address of a mailbox is none.
func authorNames(authors []string) string {
	var names []string
	for _, s := range authors[:min(len(authors), mostAuthors)] {
		s = strings.TrimSpace(s)
		if m := mailThenName.FindStringSubmatch(s); m != nil {
			s = m[1]
		}
		s = plain(mailForm.ReplaceAllString(s, " "))
		if s != "" && !slices.Contains(names, s) {
			names = append(names, s)
		}
	}
	return strings.Join(names, ", ")
}

func itemLanguage(item *gofeed.Item) string {
	if item.DublinCoreExt != nil && len(item.DublinCoreExt.Language) > 0 {
		return languageTag(item.DublinCoreExt.Language[0])
	}
	return ""
}

// unescapeTwice mends content whose markup is escaped once too often: it holds no
// element, but references to "<" and to whole entities.
func unescapeTwice(s string) string {
	if !strings.Contains(s, "<") && doubleEscaped.MatchString(s) {
		return html.UnescapeString(s)
	}
	return s
}

// leadOf returns the first paragraph of a description that is the whole text.
func leadOf(text string) string {
	if first, rest, ok := strings.Cut(text, "\n"); ok && len(first) >= 40 && len(rest) > len(first) {
		return first
	}
	return text
}

func plainSummary(s string, base *url.URL) string {
	return Sanitize(unescapeTwice(s), base).Text()
}

// nukeViet reports whether the feed comes from NukeViet, whose RSS prints the
// month where minutes belong (gmdate 'H:m:s' in its theme_functions.php).
func nukeViet(feed *gofeed.Feed) bool {
	return strings.Contains(strings.ToLower(feed.Generator), "nukeviet")
}

// minutesAreMonths reports whether every item's minute is its month, as by that
// mistake. The hour is then right and the minute unknown.
func minutesAreMonths(articles []feeds.Article) bool {
	dated := 0
	for _, a := range articles {
		if a.Published.IsZero() {
			continue
		}
		if t := a.Published.UTC(); t.Minute() != int(t.Month()) {
			return false
		}
		dated++
	}
	return dated > 0
}

// itemMedia collects attachments and the picture that stands for the item.
func itemMedia(item *gofeed.Item, base *url.URL) ([]feeds.Enclosure, feeds.Image) {
	var files []feeds.Enclosure
	var image feeds.Image
	for _, e := range item.Enclosures {
		if e == nil {
			continue
		}
		at := absolute(base, e.URL)
		if at == "" {
			continue
		}
		if strings.HasPrefix(e.Type, "image/") || e.Type == "" && imageName.MatchString(at) {
			if image.URL == "" {
				image.URL = at
			}
			continue
		}
		length, err := strconv.ParseInt(strings.TrimSpace(e.Length), 10, 64)
		if err != nil {
			length = 0 // unknown
		}
		files = append(files, feeds.Enclosure{URL: at, Type: mediaType(at, e.Type), Length: max(length, 0)})
	}
	for _, name := range []string{"content", "thumbnail"} {
		for _, m := range item.Extensions["media"][name] {
			if image.URL == "" && mediaIsImage(m) {
				image = feeds.Image{URL: absolute(base, m.Attrs["url"]), Width: atoi(m.Attrs["width"]), Height: atoi(m.Attrs["height"])}
			}
		}
	}
	if image.URL == "" && item.Image != nil {
		image.URL = absolute(base, item.Image.URL)
	}
	return files, image
}

func mediaIsImage(m ext.Extension) bool {
	return m.Name == "thumbnail" || m.Attrs["medium"] == "image" || strings.HasPrefix(m.Attrs["type"], "image/") || imageName.MatchString(m.Attrs["url"])
}
