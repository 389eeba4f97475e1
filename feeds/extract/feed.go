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

	"gomtin/feeds"
	"gomtin/feeds/viet"
)

// readFeed reads RSS, RDF, Atom or JSON Feed. A document that the parser refuses,
// or of which it silently loses items, is read item by item.
func readFeed(src feeds.Source, pageURL, text string) (*Document, error) {
	if !looksLikeFeed(text) {
		return nil, notAFeed(text)
	}
	isJSON := strings.HasPrefix(strings.TrimSpace(text), "{")
	if !isJSON {
		text = repairXML(text)
	}
	feed, err := parse(text)
	var lost []error
	if !isJSON && (err != nil || len(itemStart.FindAllStringIndex(text, -1)) > len(feed.Items)) {
		salvaged, n := salvage(text)
		switch {
		case salvaged == nil && err != nil:
			return nil, err
		case salvaged != nil && (feed == nil || len(salvaged.Items) > len(feed.Items)):
			feed = salvaged
		}
		if missing := n - len(feed.Items); missing > 0 {
			lost = append(lost, fmt.Errorf("%d of %d items could not be read: the document is damaged or cut off", missing, n))
		}
	} else if err != nil {
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
		Language:    feed.Language,
		Updated:     feedTime(feed),
		Articles:    feedArticles(feed, base),
		Lost:        lost,
	}, nil
}

func parse(text string) (*gofeed.Feed, error) {
	p := gofeed.NewParser()
	p.KeepOriginalFeed = true
	p.RSSTranslator = &gofeed.DefaultRSSTranslator{DisableContentImageScan: true}
	return p.ParseString(text)
}

// salvage reads each complete item by itself. n is how many items the document
// begins.
func salvage(text string) (feed *gofeed.Feed, n int) {
	n = len(itemStart.FindAllStringIndex(text, -1))
	for _, piece := range pieces(text) {
		one, err := parse(piece)
		if err != nil || len(one.Items) != 1 {
			continue
		}
		if feed == nil {
			feed = one
		} else {
			feed.Items = append(feed.Items, one.Items[0])
		}
	}
	return feed, n
}

// notAFeed says what stands where a feed was expected.
func notAFeed(text string) error {
	if strings.TrimSpace(text) == "" {
		return errors.New("expected a feed, got an empty answer")
	}
	if htmlRoot.MatchString(text[:min(len(text), 64<<10)]) {
		title := ""
		if m := titleForm.FindStringSubmatch(text); m != nil {
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

func feedArticles(feed *gofeed.Feed, base *url.URL) []feeds.Article {
	guids := make(map[string]int)
	for _, item := range feed.Items {
		guids[strings.TrimSpace(item.GUID)]++
	}
	articles := make([]feeds.Article, 0, len(feed.Items))
	for i, item := range feed.Items {
		a := feedArticle(item, base)
		if guid := strings.TrimSpace(item.GUID); guids[guid] == 1 {
			a.GUID = guid // a guid that the document repeats tells nothing apart
		}
		a.Published, a.Updated = itemTimes(feed, i)
		articles = append(articles, a)
	}
	if nukeViet(feed) && minutesAreMonths(articles) {
		for i := range articles {
			articles[i].Published = articles[i].Published.Truncate(time.Hour)
		}
	}
	return articles
}

func feedArticle(item *gofeed.Item, base *url.URL) feeds.Article {
	a := feeds.Article{
		Title:    plain(item.Title),
		Link:     itemLink(item, base),
		Author:   itemAuthor(item),
		Language: itemLanguage(item),
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
	a.Summary = shorten(leadOf(trimDateline(plainSummary(summary, itemBase))), 500)
	for _, c := range item.Categories {
		if c = plain(c); c != "" {
			a.Categories = append(a.Categories, c)
		}
	}
	if len(a.Categories) > 0 {
		a.Section = a.Categories[0]
	}
	a.Enclosures, a.Image = itemMedia(item, itemBase)
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

var mailForm = regexp.MustCompile(`\S+@\S+`)

// itemAuthor returns the authors' names; an address of a mailbox is no name.
func itemAuthor(item *gofeed.Item) string {
	var names []string
	add := func(s string) {
		s = strings.Trim(viet.Clean(mailForm.ReplaceAllString(plain(s), "")), "()<> ")
		if s != "" && !slices.Contains(names, s) {
			names = append(names, s)
		}
	}
	for _, p := range item.Authors {
		if p != nil {
			add(p.Name)
		}
	}
	if item.DublinCoreExt != nil && len(names) == 0 {
		for _, s := range item.DublinCoreExt.Creator {
			add(s)
		}
	}
	return strings.Join(names, ", ")
}

func itemLanguage(item *gofeed.Item) string {
	if item.DublinCoreExt != nil && len(item.DublinCoreExt.Language) > 0 {
		return strings.TrimSpace(item.DublinCoreExt.Language[0])
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

// itemTimes reads the times of the i-th item from what the feed says, never one
// from the other: gofeed would take an entry's updated for its published.
func itemTimes(feed *gofeed.Feed, i int) (published, updated time.Time) {
	item := feed.Items[i]
	pub, upd := item.Published, item.Updated
	switch original := feed.OriginalFeed().(type) {
	case *atom.Feed:
		if i < len(original.Entries) {
			pub = original.Entries[i].Published
		}
	case *jsonfeed.Feed:
		if i < len(original.Items) {
			pub = original.Items[i].DatePublished
		}
	}
	if pub == "" && item.DublinCoreExt != nil && len(item.DublinCoreExt.Date) > 0 {
		pub = item.DublinCoreExt.Date[0]
	}
	published, _ = ParseDate(pub)
	updated, _ = ParseDate(upd)
	return published, updated
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
		length, _ := strconv.ParseInt(strings.TrimSpace(e.Length), 10, 64) // 0 if it is not a number
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
