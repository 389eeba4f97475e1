package publishtest

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	ruleBalanced  = "house: HTML content is balanced, its parsed tree nests as its tags do"
	ruleForbidden = "house: content has no script, style, form, iframe, object or embed element"
	ruleHandler   = "house: content has no on* attribute"
	ruleScriptURL = "house: content has no javascript: address, and data: only for images"
	ruleContent   = "house: an address in content is absolute http or https (or mailto or tel in href)"
)

var (
	forbidden = []string{"script", "style", "form", "iframe", "object", "embed"}
	void      = []string{
		"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
	}
	// implied are elements that a parser adds by itself around rows and columns.
	implied = []string{"tbody", "colgroup"}
	// rawText are elements whose markup the tokenizer takes for text, though a
	// reader without scripts or frames does not.
	rawText = []string{"noembed", "noframes", "noscript"}
	// addressed are the attributes of HTML that hold one address.
	addressed = []string{
		"action", "background", "cite", "classid", "codebase", "data", "dynsrc", "formaction", "href", "icon",
		"longdesc", "lowsrc", "manifest", "poster", "src", "xlink:href",
	}
	styleURL = regexp.MustCompile(`(?i)url\(\s*['"]?([^'")]*)`)
)

// markup checks HTML as it stands in a feed, a fragment in a div.
func (c *checker) markup(where, src string) {
	tags, trouble := c.tags(where, src)
	if trouble != "" {
		c.fail(ruleBalanced, where, "%s", trouble)
		return
	}
	div := &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div}
	nodes, err := html.ParseFragment(strings.NewReader(src), div)
	if err != nil {
		c.fail(ruleBalanced, where, "%v", err)
		return
	}
	var nested []string
	for _, n := range nodes {
		nested = appendNesting(nested, n)
	}
	for i := range max(len(tags), len(nested)) {
		if i >= len(tags) || i >= len(nested) || tags[i] != nested[i] {
			c.fail(ruleBalanced, where, "tags %q parse as %q", tags[min(i, len(tags)):], nested[min(i, len(nested)):])
			return
		}
	}
}

// tags gives the tags of src in order, "+p" for a start and "-p" for an end,
// and checks the elements on its way. Trouble says what was not closed in order.
func (c *checker) tags(where, src string) (tags []string, trouble string) {
	var open []string
	read := 0
	note := func(s string) {
		if trouble == "" {
			trouble = s
		}
	}
	z := html.NewTokenizer(strings.NewReader(src))
	for z.Next() != html.ErrorToken {
		read += len(z.Raw())
		raw := string(z.Raw())
		tok := z.Token()
		name, isVoid := tok.Data, slices.Contains(void, tok.Data)
		switch tok.Type {
		case html.TextToken:
			c.nfc(where, name)
			if len(open) > 0 && slices.Contains(rawText, open[len(open)-1]) {
				if _, inner := c.tags(where, raw); inner != "" {
					note(inner)
				}
			}
		case html.CommentToken:
			if strings.HasPrefix(raw, "<!--") && !strings.HasSuffix(raw, "->") && !strings.HasSuffix(raw, "--!>") {
				note("a comment is not closed: " + raw)
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			c.element(where, name, tok.Attr)
			foreign := slices.Contains(open, "svg") || slices.Contains(open, "math") || name == "svg" || name == "math"
			tags = appendTag(tags, "+", name)
			switch {
			case isVoid:
			case tok.Type == html.SelfClosingTagToken && !foreign:
				note(raw + " closes nothing")
			case tok.Type == html.SelfClosingTagToken:
				tags = appendTag(tags, "-", name)
			default:
				open = append(open, name)
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != name {
				note(raw + " does not close the last open element")
				continue
			}
			open = open[:len(open)-1]
			tags = appendTag(tags, "-", name)
		}
	}
	if read < len(src) {
		note("it ends within a tag: " + src[read:])
	}
	if len(open) > 0 {
		note("<" + open[len(open)-1] + "> is not closed")
	}
	return tags, trouble
}

// appendNesting appends to tags those that n and all below it would be written with.
func appendNesting(tags []string, n *html.Node) []string {
	if n.Type != html.ElementNode {
		return tags
	}
	tags = appendTag(tags, "+", strings.ToLower(n.Data))
	for child := range n.ChildNodes() {
		tags = appendNesting(tags, child)
	}
	if !slices.Contains(void, n.Data) {
		tags = appendTag(tags, "-", strings.ToLower(n.Data))
	}
	return tags
}

func appendTag(tags []string, sign, name string) []string {
	if slices.Contains(implied, name) {
		return tags
	}
	return append(tags, sign+name)
}

// element checks one element of HTML or XHTML by what it is called and has for attributes.
func (c *checker) element(where, name string, attrs []html.Attribute) {
	if slices.Contains(forbidden, strings.ToLower(name)) {
		c.fail(ruleForbidden, where, "<%s>", name)
	}
	for _, a := range attrs {
		key := strings.ToLower(a.Key)
		switch {
		case strings.HasPrefix(key, "on"):
			c.fail(ruleHandler, where, "<%s %s>", name, a.Key)
		case slices.Contains(addressed, key):
			c.contentAddress(where, key, a.Val)
		case key == "srcset" || key == "imagesrcset":
			for _, s := range candidates(a.Val) {
				c.contentAddress(where, key, s)
			}
		case key == "ping":
			for s := range strings.FieldsSeq(a.Val) {
				c.contentAddress(where, key, s)
			}
		case key == "style":
			for _, m := range styleURL.FindAllStringSubmatch(a.Val, -1) {
				c.contentAddress(where, "src", strings.TrimSpace(m[1]))
			}
		case key == "alt" || key == "title":
			c.nfc(where, a.Val)
		}
	}
}

// contentAddress checks the address s in attribute key; like a browser it finds
// the scheme behind white space and control characters.
func (c *checker) contentAddress(where, key, s string) {
	bare := strings.ToLower(strings.Map(func(r rune) rune {
		if r <= ' ' {
			return -1
		}
		return r
	}, s))
	isImage := key != "href" && key != "xlink:href" && strings.HasPrefix(bare, "data:image/")
	switch scheme := schemeForm.FindString(bare); {
	case isImage:
	case scheme == "javascript:" || scheme == "vbscript:" || scheme == "data:":
		c.fail(ruleScriptURL, where, "%s=%.80q", key, s)
	case key == "href" && (scheme == "mailto:" || scheme == "tel:"):
	default:
		c.must(ruleContent, where, absoluteHTTP(s))
	}
}

// candidates gives the addresses of a srcset, as HTML §4.8.4.4 parts them.
func candidates(srcset string) (found []string) {
	for {
		srcset = strings.TrimLeft(srcset, " \t\r\n\f,")
		if srcset == "" {
			return found
		}
		end := strings.IndexAny(srcset, " \t\r\n\f")
		if end < 0 {
			return append(found, strings.TrimRight(srcset, ","))
		}
		address := srcset[:end]
		srcset = srcset[end:]
		if bare := strings.TrimRight(address, ","); bare != address {
			found = append(found, bare)
			continue
		}
		found = append(found, address)
		if _, rest, more := strings.Cut(srcset, ","); more {
			srcset = rest
		} else {
			return found
		}
	}
}
