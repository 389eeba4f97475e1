package extract

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/text/language"

	"gomtin/feeds"
	"gomtin/feeds/viet"
)

// maxListed bounds how many articles one listing page may name.
const maxListed = 200

// readList reads a page that lists articles: by the recipe of its CMS, else by
// its structure. The articles have a title, a link and what else the list shows;
// [Complete] adds the rest from their own pages.
func readList(src feeds.Source, pageURL, text string) (*Document, error) {
	if looksLikeFeed(text) {
		return nil, errors.New("expected a listing page, got a feed; write it as a feed: source")
	}
	base, err := parseBase(pageURL)
	if err != nil {
		return nil, err
	}
	root, err := parsePage(text)
	if err != nil {
		return nil, fmt.Errorf("the page can't be parsed: %w", err)
	}
	base = baseOf(root, base)
	recipe := recipeFor(src, root)
	remove(root, "script, style, noscript, template, "+clutter)
	blocks := findAll(root, recipe.Item)
	if len(blocks) == 0 {
		recipe = feeds.Recipe{}
		blocks = repeatedBlocks(root, base)
	}
	doc := &Document{
		Title:    plain(nodeTextOf(find(root, "title"))),
		Link:     pageURL,
		Language: languageOf(root),
		Articles: listed(blocks, recipe, base),
	}
	if len(doc.Articles) == 0 {
		title := ""
		if doc.Title != "" {
			title = fmt.Sprintf(" titled “%s”", shorten(doc.Title, 60))
		}
		return nil, fmt.Errorf("found no list of articles on the page%s", title)
	}
	return doc, nil
}

// clutter is what never holds a list of articles.
const clutter = "nav, header nav, footer, aside, .breadcrumb, .pagination"

func baseOf(root *html.Node, base *url.URL) *url.URL {
	if b := find(root, "base[href]"); b != nil {
		if u := resolve(base, attr(b, "href")); u != nil && u.Host != "" {
			return u
		}
	}
	return base
}

func languageOf(root *html.Node) string {
	if n := find(root, "html[lang]"); n != nil {
		return languageTag(attr(n, "lang"))
	}
	return ""
}

var tagForm = regexp.MustCompile(`^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*$`)

// languageTag returns s as a BCP 47 tag; empty if it is none: "vi_VN" is mended,
// "tiếng Việt" is not.
func languageTag(s string) string {
	s = strings.ReplaceAll(strings.TrimSpace(s), "_", "-")
	if _, err := language.Parse(s); err != nil || !tagForm.MatchString(s) {
		return ""
	}
	return s
}

func nodeTextOf(n *html.Node) string {
	if n == nil {
		return ""
	}
	return nodeText(n)
}

// listed reads the blocks of a list. Where some blocks show a date, those without
// one are a sidebar's and are left out; a link counts once.
func listed(blocks []*html.Node, recipe feeds.Recipe, base *url.URL) []feeds.Article {
	var dated, undated []feeds.Article
	seen := make(map[string]bool)
	for _, block := range blocks {
		a, ok := listedArticle(block, recipe, base)
		key := feeds.LinkKey(a.Link)
		switch {
		case !ok || len(dated) >= maxListed:
		case recipe.Item != "" && a.Published.IsZero():
			if !seen["undated "+key] && len(undated) < maxListed {
				seen["undated "+key] = true
				undated = append(undated, a)
			}
		case !seen[key]:
			seen[key] = true
			dated = append(dated, a)
		}
	}
	if len(dated) == 0 {
		return undated
	}
	return dated
}

func listedArticle(block *html.Node, recipe feeds.Recipe, base *url.URL) (feeds.Article, bool) {
	link := titleLink(block, recipe.Link)
	if link == nil {
		return feeds.Article{}, false
	}
	a := feeds.Article{Title: nodeText(link), Link: absolute(base, attr(link, "href"))}
	if full := viet.Clean(attr(link, "title")); len(full) > len(a.Title) && (a.Title == "" || strings.HasSuffix(a.Title, "…") || strings.HasSuffix(a.Title, "...")) {
		a.Title = full
	}
	if a.Link == "" || a.Title == "" || feeds.LinkKey(a.Link) == feeds.LinkKey(base.String()) {
		return feeds.Article{}, false
	}
	if recipe.IsZero() {
		a.Published, _ = ParseDate(dateText(block))
	} else {
		a.Published, _ = ParseDate(nodeTextOf(find(block, recipe.Date)))
	}
	a.Summary = shorten(trimDateline(nodeTextOf(find(block, recipe.Summary))), 500)
	if img := find(block, "img"); img != nil {
		if tidyImage(img, base) {
			a.Image = feeds.Image{URL: attr(img, "src"), Alt: viet.Clean(attr(img, "alt"))}
		}
	}
	return a, true
}

// titleLink returns the link that selector names, or the one with the longest text.
func titleLink(block *html.Node, selector string) *html.Node {
	if n := find(block, selector); n != nil {
		return n
	}
	var best *html.Node
	length := 0
	for d := range block.Descendants() {
		if d.DataAtom == atom.A && attr(d, "href") != "" {
			if n := len(nodeText(d)); n > length {
				best, length = d, n
			}
		}
	}
	return best
}

// A date as a list shows it; a bare number pair such as 22/9 is not enough.
var shownDate = regexp.MustCompile(`\d{1,2}[/.-]\d{1,2}[/.-]\d{4}|\d{4}-\d{2}-\d{2}|(?i:ngày)\s+\d{1,2}\s+tháng\s+\d{1,2}`)

// dateText returns the first text within block that holds a date, with what stands
// beside it.
func dateText(block *html.Node) string {
	for d := range block.Descendants() {
		if d.DataAtom == atom.Time && attr(d, "datetime") != "" {
			return attr(d, "datetime")
		}
		if d.Type == html.TextNode && shownDate.MatchString(d.Data) {
			if text := nodeText(d.Parent); len(text) < 120 {
				return text
			}
			return d.Data[shownDate.FindStringIndex(d.Data)[0]:]
		}
	}
	if text := nodeText(block); len(text) < 120 {
		return text
	}
	return ""
}

// repeatedBlocks finds the list in a page of an unknown system: the blocks, alike
// in their place in the tree, that each hold one titled link and a date. The
// group with the most title text wins.
func repeatedBlocks(root *html.Node, base *url.URL) []*html.Node {
	groups := make(map[string][]*html.Node)
	weight := make(map[string]int)
	below := make(map[*html.Node]contents)
	survey(root, base, below)
	for d := range root.Descendants() {
		if d.DataAtom != atom.A || below[d].target == "" {
			continue
		}
		block := datedBlock(d, below)
		if block == nil {
			continue
		}
		key := placeOf(block)
		if n := len(groups[key]); n > 0 && groups[key][n-1] == block {
			continue
		}
		groups[key] = append(groups[key], block)
		weight[key] += len(nodeText(d))
	}
	best := ""
	for key := range groups {
		if len(groups[key]) >= 2 && (best == "" || weight[key] > weight[best] || weight[key] == weight[best] && key < best) {
			best = key
		}
	}
	return groups[best]
}

// contents are what an element holds that tells a list's blocks.
type contents struct {
	target string // of its titled links; empty: none
	many   bool   // they lead to more than one page
	dated  bool   // it shows a date
}

// survey fills in the contents of every element below n, each seen once.
func survey(n *html.Node, base *url.URL, below map[*html.Node]contents) contents {
	var c contents
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		switch child.Type {
		case html.TextNode:
			c.dated = c.dated || shownDate.MatchString(child.Data)
		case html.ElementNode:
			in := survey(child, base, below)
			c.dated = c.dated || in.dated
			c.many = c.many || in.many || c.target != "" && in.target != "" && c.target != in.target
			c.target = or(c.target, in.target)
		}
	}
	switch {
	case n.DataAtom == atom.Time && attr(n, "datetime") != "":
		c.dated = true
	case n.DataAtom == atom.A && len(viet.Syllables(nodeText(n))) >= 4:
		if at := absolute(base, attr(n, "href")); at != "" {
			c.target = feeds.LinkKey(at)
		}
	}
	below[n] = c
	return c
}

// datedBlock climbs from a link to the smallest element that also shows a date,
// as long as no other article's link is in it.
func datedBlock(link *html.Node, below map[*html.Node]contents) *html.Node {
	n := link.Parent
	for range 5 {
		if n == nil || n.DataAtom == atom.Body || below[n].many {
			return nil
		}
		if below[n].dated {
			return n
		}
		n = n.Parent
	}
	return nil
}

// placeOf names an element's place by tags and classes, digits left out, so that
// the blocks of one list have one name.
func placeOf(n *html.Node) string {
	var parts []string
	for depth := 0; n != nil && n.Type == html.ElementNode && depth < 4; depth++ {
		class, _, _ := strings.Cut(strings.TrimSpace(attr(n, "class")), " ")
		parts = append(parts, n.Data+"."+strings.Trim(class, "0123456789"))
		n = n.Parent
	}
	return strings.Join(parts, "<")
}
