package publishtest

import (
	"encoding/base64"
	"regexp"
	"strings"
	"time"

	"golang.org/x/net/html"
)

var textAttrs = []string{"type"}

// atomModels are the containers of RFC 4287 by local name.
var atomModels = map[string]model{
	"feed": {spec: "RFC 4287 §4.1.1", parts: map[string]bounds{
		"author": any0, "category": any0, "contributor": any0, "generator": opt, "icon": opt, "id": one,
		"link": any0, "logo": opt, "rights": opt, "subtitle": opt, "title": one, "updated": one, "entry": any0,
	}},
	"entry": {spec: "RFC 4287 §4.1.2", parts: map[string]bounds{
		"author": any0, "category": any0, "content": opt, "contributor": any0, "id": one, "link": any0,
		"published": opt, "rights": opt, "source": opt, "summary": opt, "title": one, "updated": one,
	}},
	"source": {spec: "RFC 4287 §4.2.11", parts: map[string]bounds{
		"author": any0, "category": any0, "contributor": any0, "generator": opt, "icon": opt, "id": opt,
		"link": any0, "logo": opt, "rights": opt, "subtitle": opt, "title": opt, "updated": opt,
	}},
	"author":      person,
	"contributor": person,

	"category":  {spec: "RFC 4287 §4.2.2", attrs: []string{"term", "scheme", "label"}},
	"content":   {spec: "RFC 4287 §4.1.3", attrs: []string{"type", "src"}},
	"generator": {spec: "RFC 4287 §4.2.4", attrs: []string{"uri", "version"}},
	"icon":      {spec: "RFC 4287 §4.2.5"},
	"id":        {spec: "RFC 4287 §4.2.6"},
	"link":      {spec: "RFC 4287 §4.2.7", attrs: []string{"href", "rel", "type", "hreflang", "title", "length"}},
	"logo":      {spec: "RFC 4287 §4.2.8"},
	"published": {spec: "RFC 4287 §4.2.9"},
	"updated":   {spec: "RFC 4287 §4.2.15"},
	"name":      {spec: "RFC 4287 §3.2.1"},
	"uri":       {spec: "RFC 4287 §3.2.2"},
	"email":     {spec: "RFC 4287 §3.2.3"},
	"rights":    {spec: "RFC 4287 §3.1", attrs: textAttrs},
	"subtitle":  {spec: "RFC 4287 §3.1", attrs: textAttrs},
	"summary":   {spec: "RFC 4287 §3.1", attrs: textAttrs},
	"title":     {spec: "RFC 4287 §3.1", attrs: textAttrs},
}

var person = model{spec: "RFC 4287 §3.2", parts: map[string]bounds{"name": one, "uri": opt, "email": opt}}

// relForm is isegment-nz-nc of RFC 3987 in ASCII, the form of a registered link relation.
var relForm = regexp.MustCompile(`^(?:[A-Za-z0-9._~!$&'()*+,;=@-]|%[0-9A-Fa-f]{2})+$`)

// Atom gives what is wrong with doc as an Atom feed document, entry document
// or deleted-entry document.
func Atom(doc []byte) []Violation {
	c := newChecker()
	root := c.parse(doc)
	switch {
	case root == nil:
	case root.is(atomNS, "feed"):
		c.atomFeed(root)
	case root.is(atomNS, "entry"):
		c.atomEntry(root, false)
	case root.is(tombNS, "deleted-entry"):
		c.deletedEntry(root)
	default:
		c.fail("RFC 4287 §2: the root element is atom:feed or atom:entry", root.path(), "%q in namespace %q", root.name.Local, root.name.Space)
	}
	return c.found
}

func (c *checker) atomFeed(feed *node) {
	c.atomElement(feed)
	if !hasLink(feed, "self") {
		c.fail("RFC 4287 §4.1.1: an atom:feed has an atom:link rel=self", feed.path(), "")
	}
	hasAuthor := feed.first(atomNS, "author") != nil
	entries := feed.all(atomNS, "entry")
	if len(entries) == 0 && !hasAuthor {
		c.fail("RFC 4287 §4.1.1: an atom:feed has an atom:author unless all its entries have one", feed.path(), "")
	}
	seen := map[string]string{}
	if id := feed.first(atomNS, "id"); id != nil {
		c.unique(seen, id.path(), id.text)
	}
	feedUpdated := atomTime(feed, "updated")
	for _, entry := range entries {
		c.atomEntry(entry, hasAuthor)
		if id := entry.first(atomNS, "id"); id != nil {
			c.unique(seen, id.path(), id.text)
		}
		if t := atomTime(entry, "updated"); !feedUpdated.IsZero() && t.After(feedUpdated) {
			c.fail("house: an atom:feed is updated no earlier than its entries", entry.path(), "%v after %v", t, feedUpdated)
		}
	}
	c.deletions(feed, entries)
	c.history(feed)
}

// atomEntry checks an entry; inherits says that its feed has an author.
func (c *checker) atomEntry(entry *node, inherits bool) {
	if entry.parent == nil {
		c.atomElement(entry) // else the feed has done so
	}
	src := entry.first(atomNS, "source")
	if !inherits && entry.first(atomNS, "author") == nil && (src == nil || src.first(atomNS, "author") == nil) {
		c.fail("RFC 4287 §4.1.2: an atom:entry has an atom:author unless its source or feed has one", entry.path(), "")
	}
	content := entry.first(atomNS, "content")
	if !hasLink(entry, "alternate") {
		rule := ruleAlternate
		if content == nil {
			rule = "RFC 4287 §4.1.2: an atom:entry without atom:content has an atom:link rel=alternate"
		}
		c.fail(rule, entry.path(), "")
	}
	if content != nil && entry.first(atomNS, "summary") == nil {
		_, out := content.attr("src")
		if typ, _ := content.attr("type"); out || isBase64(typ) {
			c.fail("RFC 4287 §4.1.2: an atom:entry has an atom:summary if its content is elsewhere or Base64", entry.path(), "")
		}
	}
	updated, published := atomTime(entry, "updated"), atomTime(entry, "published")
	if !updated.IsZero() && updated.Before(published) {
		c.fail(ruleOrder, entry.path(), "published %v, updated %v", published, updated)
	}
}

// atomElement checks n and the Atom elements below it, each for itself.
func (c *checker) atomElement(n *node) {
	m, known := atomModels[n.name.Local]
	if !known {
		return // its parent has been told
	}
	where := n.path()
	switch n.name.Local {
	case "title", "subtitle", "summary", "rights":
		c.textConstruct(n)
	case "content":
		c.atomContent(n)
	case "link":
		c.atomLink(n)
	case "category":
		if term, ok := n.attr("term"); !ok {
			c.fail("RFC 4287 §4.2.2.1: an atom:category has a term", where, "")
		} else {
			c.filled(where, term)
		}
		if scheme, ok := n.attr("scheme"); ok {
			c.must("RFC 4287 §4.2.2.2: a scheme is an IRI", where, c.absoluteIRI(scheme))
		}
		if label, ok := n.attr("label"); ok {
			c.filled(where, label)
		}
	case "generator":
		c.filled(where, n.text)
		if uri, ok := n.attr("uri"); ok {
			c.link(where, uri)
		}
	case "id":
		if err := c.absoluteIRI(n.text); err != nil {
			c.fail("RFC 4287 §4.2.6: an atom:id is an absolute IRI", where, "%v", err)
		} else if !n.parent.is(atomNS, "source") { // an identifier of others is kept as it came
			c.must("RFC 4287 §4.2.6.1: an atom:id is in normal form", where, normalIRI(n.text))
		}
	case "icon", "logo", "uri":
		c.link(where, n.text)
	case "updated", "published":
		c.date("RFC 4287 §3.3: a date is an RFC 3339 date-time with T and Z in upper case", where, n.text, parseRFC3339)
	case "name":
		c.filled(where, n.text)
	case "email":
		if !emailForm.MatchString(n.text) {
			c.fail("RFC 4287 §3.2.3: an atom:email is an addr-spec", where, "%q", n.text)
		}
	case "feed", "entry", "source", "author", "contributor":
		for _, child := range n.children {
			if child.name.Space == atomNS {
				c.atomElement(child)
			}
		}
	}
	switch n.name.Local {
	case "feed", "entry", "source":
		c.alternates(n)
	}
	switch n.name.Local {
	case "title", "subtitle", "summary", "rights", "content":
		// What they hold was judged above.
		n = &node{name: n.name, attrs: n.attrs, parent: n.parent}
	}
	c.conform(n, atomNS, m)
}

func (c *checker) atomLink(n *node) {
	where := n.path()
	if href, ok := n.attr("href"); !ok {
		c.fail("RFC 4287 §4.2.7.1: an atom:link has an href", where, "")
	} else {
		c.link(where, href)
	}
	if rel, ok := n.attr("rel"); ok && !relForm.MatchString(rel) {
		c.must("RFC 4287 §4.2.7.2: a rel is a name or an IRI", where, c.absoluteIRI(rel))
	}
	if typ, ok := n.attr("type"); ok {
		c.mediaType(where, typ)
	}
	if l, ok := n.attr("hreflang"); ok {
		c.lang(where, l)
	}
	if l, ok := n.attr("length"); ok {
		c.length(where, l)
	}
}

// alternates fails for a second alternate link of the same type and language.
func (c *checker) alternates(n *node) {
	seen := map[[2]string]bool{}
	for _, l := range n.all(atomNS, "link") {
		if relOf(l) != "alternate" {
			continue
		}
		typ, _ := l.attr("type")
		lang, _ := l.attr("hreflang")
		if seen[[2]string{typ, lang}] {
			c.fail("RFC 4287 §4.1: no two alternate links have the same type and hreflang", l.path(), "type %q, hreflang %q", typ, lang)
		}
		seen[[2]string{typ, lang}] = true
	}
}

// textConstruct checks n by RFC 4287 §3.1.
func (c *checker) textConstruct(n *node) {
	switch typ, ok := n.attr("type"); {
	case !ok, typ == "text":
		if len(n.children) > 0 {
			c.fail("RFC 4287 §3.1.1.1: text has no child elements", n.path(), "%s", n.children[0])
		}
		c.filled(n.path(), n.text)
	case typ == "html":
		c.htmlText(n)
	case typ == "xhtml":
		c.xhtmlText(n)
	default:
		c.fail("RFC 4287 §3.1.1: the type of a text construct is text, html or xhtml", n.path(), "%q", typ)
	}
}

func (c *checker) htmlText(n *node) {
	if len(n.children) > 0 {
		c.fail("RFC 4287 §3.1.1.2: html has no child elements, its markup is escaped", n.path(), "%s", n.children[0])
	}
	c.filled(n.path(), n.text)
	c.markup(n.path(), n.text)
}

func (c *checker) xhtmlText(n *node) {
	if len(n.children) != 1 || !n.children[0].is(xhtmlNS, "div") || strings.TrimSpace(n.text) != "" {
		c.fail("RFC 4287 §3.1.1.3: xhtml is a single xhtml:div", n.path(), "%d elements, text %.40q", len(n.children), n.text)
		return
	}
	c.xhtml(n.path(), n.children[0])
	if div := n.children[0]; len(div.children) == 0 {
		c.filled(div.path(), div.text)
	}
}

func (c *checker) xhtml(where string, n *node) {
	if n.name.Space != xhtmlNS {
		c.fail("RFC 4287 §3.1.1.3: all in an xhtml:div is XHTML", where, "%s in namespace %q", n.name.Local, n.name.Space)
	}
	attrs := make([]html.Attribute, 0, len(n.attrs))
	for _, a := range n.attrs {
		if a.Name.Space == "" {
			attrs = append(attrs, html.Attribute{Key: a.Name.Local, Val: a.Value})
		}
	}
	c.element(where, n.name.Local, attrs)
	for _, child := range n.children {
		c.xhtml(where, child)
	}
}

// atomContent checks n by RFC 4287 §4.1.3.
func (c *checker) atomContent(n *node) {
	where := n.path()
	typ, typed := n.attr("type")
	if src, ok := n.attr("src"); ok {
		c.link(where, src)
		if len(n.children) > 0 || n.text != "" {
			c.fail("RFC 4287 §4.1.3.2: an atom:content with src is empty", where, "%.40q", n.text)
		}
		if !typed || typ == "text" || typ == "html" || typ == "xhtml" {
			c.fail("RFC 4287 §4.1.3.2: an atom:content with src has a media type", where, "type %q", typ)
			return
		}
		c.mediaType(where, typ)
		return
	}
	lower := strings.ToLower(typ)
	switch {
	case !typed, typ == "text":
		if len(n.children) > 0 {
			c.fail("RFC 4287 §4.1.3.3: text has no child elements", where, "%s", n.children[0])
		}
		c.filled(where, n.text)
		return
	case typ == "html":
		c.htmlText(n)
		return
	case typ == "xhtml":
		c.xhtmlText(n)
		return
	case strings.HasPrefix(lower, "multipart/"), strings.HasPrefix(lower, "message/"):
		c.fail("RFC 4287 §4.1.3.1: a type is not composite", where, "%s", typ)
		return
	}
	c.mediaType(where, typ)
	switch {
	case isXML(typ):
		if len(n.children) != 1 {
			c.fail("RFC 4287 §4.1.3.3: content of an XML type is one element", where, "it has %d", len(n.children))
		}
	case len(n.children) > 0:
		c.fail("RFC 4287 §4.1.3.3: content of a type that is not XML has no child elements", where, "%s", n.children[0])
	case isBase64(typ):
		if _, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(n.text), "")); err != nil {
			c.fail("RFC 4287 §4.1.3.3: content of a type neither text nor XML is Base64", where, "%v", err)
		}
	}
}

func isXML(mediaType string) bool {
	t := strings.ToLower(mediaType)
	return strings.HasSuffix(t, "/xml") || strings.HasSuffix(t, "+xml") || t == "application/xml-dtd"
}

// isBase64 reports whether inline content of that type is Base64.
func isBase64(typ string) bool {
	return strings.Contains(typ, "/") && !isXML(typ) && !strings.HasPrefix(strings.ToLower(typ), "text/")
}

// relOf gives the relation of a link, alternate if it is unsaid.
func relOf(link *node) string {
	rel, ok := link.attr("rel")
	if !ok {
		return "alternate"
	}
	return strings.TrimPrefix(rel, "http://www.iana.org/assignments/relation/")
}

func hasLink(n *node, rel string) bool {
	for _, l := range n.all(atomNS, "link") {
		if relOf(l) == rel {
			return true
		}
	}
	return false
}

// atomTime gives the date in a child of n, zero if there is none that can be read.
func atomTime(n *node, local string) time.Time {
	child := n.first(atomNS, local)
	if child == nil {
		return time.Time{}
	}
	t, _ := parseRFC3339(child.text)
	return t
}
