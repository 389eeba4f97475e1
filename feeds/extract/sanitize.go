package extract

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/text/unicode/norm"

	"gomtin/feeds"
)

// policy is the allow-list: what an article needs to be read, and nothing that
// acts, loads or collects. Pictures keep width, height and alt.
var policy = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "div", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "ul", "ol", "li", "dl", "dt", "dd",
		"figure", "figcaption", "table", "caption", "thead", "tbody", "tfoot", "tr", "td", "th",
		"b", "strong", "i", "em", "u", "s", "del", "ins", "sub", "sup", "small", "code", "kbd", "q", "cite", "abbr", "mark", "span")
	p.AllowAttrs("href", "title").OnElements("a")
	p.AllowAttrs("src", "alt", "title").OnElements("img")
	digits := regexp.MustCompile(`^[1-9][0-9]{0,3}$`)
	p.AllowAttrs("width", "height").Matching(digits).OnElements("img", "video")
	p.AllowAttrs("colspan", "rowspan").Matching(regexp.MustCompile(`^[1-9][0-9]?$`)).OnElements("td", "th")
	p.AllowAttrs("start").Matching(digits).OnElements("ol")
	p.AllowAttrs("src").OnElements("audio", "video", "source")
	p.AllowAttrs("controls").Matching(regexp.MustCompile(`^$`)).OnElements("audio", "video")
	p.AllowURLSchemes("http", "https", "mailto", "tel")
	p.RequireParseableURLs(true)
	p.SkipElementsContent("script", "style", "template", "noscript", "iframe", "object", "svg", "math", "select", "textarea", "title", "noembed", "noframes", "plaintext", "xmp", "head")
	return p
}()

// Sanitize makes markup from outside safe to publish: allow-listed elements and
// attributes, balanced, addresses absolute against base (nil: relative ones are
// dropped) and free of tracking, text in NFC. Markup too deep to parse comes
// back as its text.
func Sanitize(markup string, base *url.URL) feeds.SafeHTML {
	if strings.TrimSpace(markup) == "" {
		return ""
	}
	nodes, err := fragment(markup)
	if err != nil { // deeper than 512 elements, or out of all proportion
		return paragraph(textOnly(markup))
	}
	return sanitizeNodes(nodes, base)
}

// sanitizeNodes is [Sanitize] for parsed markup, which it changes.
func sanitizeNodes(nodes []*html.Node, base *url.URL) feeds.SafeHTML {
	root := &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div}
	for _, n := range nodes {
		if n.Parent != nil {
			n.Parent.RemoveChild(n)
		}
		root.AppendChild(n)
	}
	tidy(root, base)
	allowed := policy.Sanitize(inner(root))
	again, err := fragment(allowed) // bluemonday leaves open what was open
	if err != nil {
		return paragraph(textOnly(allowed))
	}
	root = &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div}
	for _, n := range again {
		root.AppendChild(n)
	}
	for range 2 { // what lost its only character is empty too
		dropEmpty(root)
		joinText(root)
	}
	return feeds.SafeHTML(strings.TrimSpace(inner(root)))
}

// paragraph makes one of plain text.
func paragraph(text string) feeds.SafeHTML {
	if text = clean(text); text == "" {
		return ""
	}
	return feeds.SafeHTML("<p>" + html.EscapeString(text) + "</p>")
}

// joinText joins pieces of text that lost what stood between them, and composes
// them.
func joinText(n *html.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type != html.TextNode {
			joinText(c)
			continue
		}
		if next := c.NextSibling; next != nil && next.Type == html.TextNode {
			var b strings.Builder
			b.WriteString(c.Data)
			for ; next != nil && next.Type == html.TextNode; next = c.NextSibling {
				b.WriteString(next.Data)
				n.RemoveChild(next)
			}
			c.Data = b.String()
		}
		c.Data = clean(groundMarks(c.Data))
	}
}

// groundMarks drops combining marks that have no letter to stand on, at the
// beginning of a text or behind a space: they would combine with markup.
func groundMarks(s string) string {
	grounded := false
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.M, r) {
			if !grounded {
				return -1
			}
			return r
		}
		grounded = !unicode.IsSpace(r)
		return r
	}, s)
}

func inner(root *html.Node) string {
	var b strings.Builder
	for n := root.FirstChild; n != nil; n = n.NextSibling {
		if err := html.Render(&b, n); err != nil {
			return html.EscapeString(b.String()) // only a raw-text element with a child can't be rendered; a parsed tree has none
		}
	}
	return b.String()
}

// textOnly returns the text of markup that could not be parsed into a tree.
func textOnly(markup string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(markup))
	skip := atom.Atom(0)
	for {
		switch z.Next() {
		case html.ErrorToken:
			return strings.Join(strings.Fields(b.String()), " ")
		case html.TextToken:
			if skip == 0 {
				b.Write(z.Text())
			}
		case html.StartTagToken:
			name, _ := z.TagName()
			if a := atom.Lookup(name); skip == 0 && (a == atom.Script || a == atom.Style) {
				skip = a
			}
			b.WriteByte(' ')
		case html.EndTagToken:
			name, _ := z.TagName()
			if atom.Lookup(name) == skip {
				skip = 0
			}
			b.WriteByte(' ')
		}
	}
}

// tidy walks the tree below n before the allow-list is applied: addresses become
// absolute, lazy pictures get their source, counting pixels go, text becomes NFC.
func tidy(n *html.Node, base *url.URL) {
	for c := n.FirstChild; c != nil; {
		next := c.NextSibling
		switch {
		case c.Type == html.TextNode:
			c.Data = clean(c.Data)
		case c.Type != html.ElementNode:
			n.RemoveChild(c)
		case c.DataAtom == atom.Img && !tidyImage(c, base):
			n.RemoveChild(c)
		default:
			tidyAddresses(c, base)
			tidy(c, base)
		}
		c = next
	}
}

// clean makes text NFC and free of what XML does not allow.
func clean(s string) string {
	return norm.NFC.String(strings.Map(func(r rune) rune {
		if !legalXML(r) {
			return -1
		}
		return r
	}, s))
}

// tidyImage reports whether the picture is worth keeping.
func tidyImage(img *html.Node, base *url.URL) bool {
	src := ""
	for _, key := range []string{"data-src", "data-original", "data-lazy-src", "src"} {
		if src = absolute(base, attr(img, key)); src != "" {
			break
		}
	}
	if src == "" || tiny(attr(img, "width")) || tiny(attr(img, "height")) || tinyStyle.MatchString(attr(img, "style")) || counters.MatchString(src) {
		return false
	}
	setAttr(img, "src", src)
	for i, a := range img.Attr {
		switch a.Key {
		case "width", "height":
			img.Attr[i].Val = strings.TrimSuffix(strings.TrimSpace(a.Val), "px")
		case "alt", "title":
			img.Attr[i].Val = clean(a.Val)
		}
	}
	return true
}

var (
	tinyStyle = regexp.MustCompile(`(?i)(?:^|[;\s])(?:width|height)\s*:\s*[01](?:px)?\s*(?:;|!|$)|display\s*:\s*none`)
	counters  = regexp.MustCompile(`(?i)^https?://(?:[^/]*\.)?(?:google-analytics\.com|googletagmanager\.com|doubleclick\.net|scorecardresearch\.com|statcounter\.com|histats\.com|mc\.yandex\.ru|facebook\.com/tr)\b`)
)

// tiny reports whether a width or height is that of a counting pixel.
func tiny(v string) bool {
	v = strings.TrimSuffix(strings.TrimSpace(v), "px")
	return v == "0" || v == "1"
}

func tidyAddresses(n *html.Node, base *url.URL) {
	kept := n.Attr[:0]
	for _, a := range n.Attr {
		if a.Key == "href" || a.Key == "src" || a.Key == "poster" {
			if u := resolve(base, a.Val); u != nil && (u.Scheme == "mailto" || u.Scheme == "tel") && a.Key == "href" {
				a.Val = u.String()
			} else if a.Val = absolute(base, a.Val); a.Val == "" {
				continue
			}
		}
		if a.Key == "title" {
			a.Val = clean(a.Val)
		}
		kept = append(kept, a)
	}
	n.Attr = kept
}

// dropEmpty takes out elements that show nothing: a paragraph of spaces, a link
// without text, a list without entries.
func dropEmpty(n *html.Node) {
	for c := n.FirstChild; c != nil; {
		next := c.NextSibling
		if c.Type == html.ElementNode {
			dropEmpty(c)
			switch c.DataAtom {
			case atom.P, atom.Div, atom.A, atom.Span, atom.Ul, atom.Ol, atom.Li, atom.Figure, atom.Figcaption, atom.B, atom.Strong, atom.I, atom.Em, atom.U, atom.Blockquote,
				atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
				if blank(c) {
					n.RemoveChild(c)
				}
			case atom.Audio, atom.Video:
				if blank(c) && attr(c, "src") == "" {
					n.RemoveChild(c)
				}
			case atom.Source:
				if attr(c, "src") == "" {
					n.RemoveChild(c)
				}
			}
		}
		c = next
	}
}

func blank(n *html.Node) bool {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type != html.TextNode || strings.Trim(c.Data, " \t\r\n\u00a0\u200b\ufeff") != "" {
			return false
		}
	}
	return true
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func setAttr(n *html.Node, key, value string) {
	for i, a := range n.Attr {
		if a.Key == key {
			n.Attr[i].Val = value
			return
		}
	}
	n.Attr = append(n.Attr, html.Attribute{Key: key, Val: value})
}
