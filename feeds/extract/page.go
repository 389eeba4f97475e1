package extract

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	readability "codeberg.org/readeck/go-readability/v2"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"gomtin/feeds"
	"gomtin/feeds/viet"
)

// Complete reads an article's own page and adds what it says to a, which is what
// a feed or listing said of the article; a may be zero but for its source. The
// page's text replaces the summary that stood for it; a date from the list that
// has a time of day stays.
func Complete(src feeds.Source, page *feeds.Page, a feeds.Article) (feeds.Article, error) {
	fail := func(err error) (feeds.Article, error) {
		return a, &feeds.Error{Op: "read article", URL: page.URL, Fault: feeds.Malformed, Err: err}
	}
	if kind := http.DetectContentType(page.Body); !strings.HasPrefix(kind, "text/") && kind != "application/octet-stream" {
		return fail(fmt.Errorf("expected an article page, got %s", kind))
	}
	text := decode(page.Body, page.MediaType, src.Charset)
	if looksLikeFeed(text) {
		return fail(fmt.Errorf("expected an article page, got a feed"))
	}
	base, err := parseBase(page.URL)
	if err != nil {
		return fail(err)
	}
	root, err := parsePage(text)
	if err != nil {
		return fail(fmt.Errorf("the page can't be parsed: %w", err))
	}
	full, err := readArticle(src, root, baseOf(root, base))
	if err != nil {
		return fail(err)
	}
	merge(&a, full, src.Kind == feeds.KindList)
	a.Department, a.Source = src.Department.ID, src.ID
	finish(&a)
	return a, nil
}

// merge adds the page's reading to what a feed or, if fromList, a listing said.
func merge(a *feeds.Article, full feeds.Article, fromList bool) {
	if full.Title != "" && (a.Title == "" || fromList || strings.HasSuffix(a.Title, "…") || strings.HasSuffix(a.Title, "...")) {
		a.Title = full.Title
	}
	if a.Link == "" {
		a.Link = full.Link
	}
	if len(full.Content) > len(a.Content) || fromList {
		a.Content = full.Content
	}
	if full.Summary != "" {
		a.Summary = full.Summary
	}
	if rough(a.Published) && !full.Published.IsZero() {
		a.Published = full.Published
	}
	a.Author = or(a.Author, full.Author)
	a.Section = or(a.Section, full.Section)
	a.Language = or(a.Language, full.Language)
	if image := firstImage(a.Content); image.URL != "" {
		a.Image = image // the picture itself rather than a list's thumbnail
	} else if a.Image.URL == "" {
		a.Image = full.Image
	}
	for _, f := range full.Enclosures {
		a.Enclosures = addFile(a.Enclosures, f)
	}
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// rough reports whether t is only known to the day or the hour, or not at all.
func rough(t time.Time) bool {
	return t.IsZero() || t.Minute() == 0 && t.Second() == 0
}

func addFile(files []feeds.Enclosure, f feeds.Enclosure) []feeds.Enclosure {
	for _, have := range files {
		if have.URL == f.URL {
			return files
		}
	}
	return append(files, f)
}

// readArticle reads a parsed article page, which it changes.
func readArticle(src feeds.Source, root *html.Node, base *url.URL) (feeds.Article, error) {
	meta := metaOf(root)
	recipe := recipeFor(src, root)
	remove(root, "script, style, noscript, template")
	if recipe.Remove != "" {
		remove(root, recipe.Remove)
	}
	a := feeds.Article{
		Link:     absolute(base, meta["canonical"]),
		Language: languageOf(root),
		Title:    viet.Clean(nodeTextOf(find(root, recipe.Title))),
		Section:  viet.Clean(nodeTextOf(find(root, recipe.Section))),
		Author:   authorName(nodeTextOf(find(root, recipe.Author))),
		Image:    feeds.Image{URL: absolute(base, meta["og:image"])},
	}
	a.Published = shownTime(root, recipe.Published)
	lead := find(root, recipe.Lead)
	body := find(root, recipe.Body)
	for _, n := range findAll(root, recipe.Files) {
		if at := absolute(base, attr(n, "href")); at != "" {
			a.Enclosures = addFile(a.Enclosures, feeds.Enclosure{URL: at, Type: mediaType(at, ""), Title: nodeText(n)})
		}
	}
	if body == nil {
		article, err := readability.FromDocument(root, base)
		if err != nil || article.Node == nil {
			return a, fmt.Errorf("found no article text on the page")
		}
		body = article.Node
		meta["readable:title"] = viet.Clean(article.Title())
	}
	if name := cutAuthor(body); a.Author == "" {
		a.Author = name
	}
	a.Enclosures = append(a.Enclosures, filesIn(body, base, a.Enclosures)...)
	fromMeta(&a, meta)
	if lead != nil {
		a.Summary = shorten(trimEndMark(trimDateline(nodeText(lead))), 500)
		if lead.Parent != nil && !within(lead, body) {
			body = withLead(lead, body)
		}
	}
	a.Content = trimHabits(sanitizeNodes([]*html.Node{body}, base))
	if a.Content == "" {
		return a, fmt.Errorf("found no article text on the page")
	}
	return a, nil
}

// withLead puts the lead before the body, as the page shows them.
func withLead(lead, body *html.Node) *html.Node {
	both := &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div}
	for _, part := range []*html.Node{lead, body} {
		if part.Parent != nil {
			part.Parent.RemoveChild(part)
		}
		to := both
		if !hasBlock(part) {
			to = &html.Node{Type: html.ElementNode, Data: "p", DataAtom: atom.P}
			both.AppendChild(to)
		}
		for _, c := range children(part) {
			part.RemoveChild(c)
			to.AppendChild(c)
		}
	}
	return both
}

func within(n, ancestor *html.Node) bool {
	for ; n != nil; n = n.Parent {
		if n == ancestor {
			return true
		}
	}
	return false
}

// filesIn returns the attachments that the body links to.
func filesIn(body *html.Node, base *url.URL, known []feeds.Enclosure) []feeds.Enclosure {
	var files []feeds.Enclosure
	for _, n := range findAll(body, "a[href]") {
		at := absolute(base, attr(n, "href"))
		if len(files) >= mostFiles {
			break
		}
		if at == "" || !isFile(at) || len(addFile(known, feeds.Enclosure{URL: at})) == len(known) {
			continue
		}
		files = addFile(files, feeds.Enclosure{URL: at, Type: mediaType(at, ""), Title: nodeText(n)})
	}
	return files
}

// shownTime reads the date that the page shows, or its machine-readable form
// where the element has one.
func shownTime(root *html.Node, selector string) time.Time {
	for _, n := range findAll(root, selector) {
		for _, s := range []string{attr(n, "datetime"), attr(n, "content"), nodeText(n)} {
			if t, ok := ParseDate(s); ok {
				return t
			}
		}
	}
	return time.Time{}
}

// authorName takes the name out of "Tác giả: X".
func authorName(s string) string {
	s = viet.Clean(s)
	if m := authorLine.FindStringSubmatch(s); m != nil {
		s = m[1]
	}
	if len([]rune(s)) > 80 || strings.Contains(s, "://") {
		return ""
	}
	return s
}

// metaOf collects the page's head: meta by name and property, the canonical link
// and the title.
func metaOf(root *html.Node) map[string]string {
	meta := make(map[string]string)
	for _, n := range findAll(root, "meta[content]") {
		for _, key := range []string{attr(n, "property"), attr(n, "name"), attr(n, "itemprop")} {
			if key = strings.ToLower(key); key != "" && meta[key] == "" {
				meta[key] = plain(attr(n, "content"))
			}
		}
	}
	if n := find(root, `link[rel="canonical"]`); n != nil {
		meta["canonical"] = attr(n, "href")
	}
	meta["<title>"] = plain(nodeTextOf(find(root, "title")))
	return meta
}

// fromMeta fills in what the page's text did not tell. DC.Creator is the person,
// Author the site.
func fromMeta(a *feeds.Article, meta map[string]string) {
	first := func(keys ...string) string {
		for _, k := range keys {
			if meta[k] != "" {
				return meta[k]
			}
		}
		return ""
	}
	a.Title = or(a.Title, first("og:title", "dc.title", "headline", "readable:title", "<title>"))
	a.Author = or(a.Author, authorName(first("dc.creator", "article:author")))
	a.Summary = or(a.Summary, trimDateline(first("og:description", "description", "dc.description")))
	a.Section = or(a.Section, first("article:section"))
	if a.Published.IsZero() {
		a.Published, _ = ParseDate(first("article:published_time", "datepublished", "pubdate", "dc.date", "datecreated"))
	}
}

// isArticle reports whether a page shows one article rather than a list. Some
// lists call themselves an article in og:type, so that alone counts only where
// nothing is listed.
func isArticle(root *html.Node, base *url.URL) bool {
	recipe := recipeFor(feeds.Source{}, root)
	if find(root, recipe.Body) != nil {
		return true
	}
	meta := metaOf(root)
	if meta["article:published_time"] != "" || meta["datepublished"] != "" {
		return true
	}
	return meta["og:type"] == "article" && len(repeatedBlocks(root, base)) < 3
}
