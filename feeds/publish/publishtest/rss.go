package publishtest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// rssModels are the elements of RSS 2.0 by local name. RSS gives some names two
// meanings; those of the channel's image and text input differ only in the parent.
var rssModels = map[string]model{
	"rss": {spec: "RSS 2.0", parts: map[string]bounds{"channel": one}, attrs: []string{"version"}},
	"channel": {spec: "RSS 2.0 channel", parts: map[string]bounds{
		"title": one, "link": one, "description": one, "language": opt, "copyright": opt, "managingEditor": opt,
		"webMaster": opt, "pubDate": opt, "lastBuildDate": opt, "category": any0, "generator": opt, "docs": opt,
		"cloud": opt, "ttl": opt, "image": opt, "rating": opt, "textInput": opt, "skipHours": opt, "skipDays": opt,
		"item": any0,
	}},
	"item": {spec: "RSS 2.0 item", parts: map[string]bounds{
		"title": opt, "link": opt, "description": opt, "author": opt, "category": any0, "comments": opt,
		"enclosure": any0, "guid": opt, "pubDate": opt, "source": opt,
	}},
	"image": {spec: "RSS 2.0 image", parts: map[string]bounds{
		"url": one, "title": one, "link": one, "width": opt, "height": opt, "description": opt,
	}},
	"textInput": {spec: "RSS 2.0 textInput", parts: map[string]bounds{
		"title": one, "description": one, "name": one, "link": one,
	}},
	"skipHours": {spec: "RSS 2.0 skipHours", parts: map[string]bounds{"hour": any1}},
	"skipDays":  {spec: "RSS 2.0 skipDays", parts: map[string]bounds{"day": any1}},

	"category":  {spec: "RSS 2.0 category", attrs: []string{"domain"}},
	"cloud":     {spec: "RSS 2.0 cloud", attrs: []string{"domain", "port", "path", "registerProcedure", "protocol"}},
	"enclosure": {spec: "RSS 2.0 enclosure", attrs: []string{"url", "length", "type"}},
	"guid":      {spec: "RSS 2.0 guid", attrs: []string{"isPermaLink"}},
	"source":    {spec: "RSS 2.0 source", attrs: []string{"url"}},
}

var weekdays = []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}

// RSS gives what is wrong with doc as an RSS 2.0 document.
func RSS(doc []byte) []Violation {
	c := newChecker()
	root := c.parse(doc)
	switch {
	case root == nil:
	case !root.is("", "rss"):
		c.fail("RSS 2.0: the root element is rss, in no namespace", root.path(), "%q in namespace %q", root.name.Local, root.name.Space)
	default:
		if v, _ := root.attr("version"); v != "2.0" {
			c.fail("RSS 2.0: the version of rss is 2.0", root.path(), "%q", v)
		}
		c.rssElement(root)
		for _, channel := range root.all("", "channel") {
			c.channel(channel)
		}
	}
	return c.found
}

// rssElement checks n and the elements below it, each for itself.
func (c *checker) rssElement(n *node) {
	if n.name.Space != "" {
		c.foreign(n)
		return
	}
	m := rssModels[n.name.Local]
	if m.spec == "" {
		m.spec = "RSS 2.0 " + n.name.Local
	}
	c.conform(n, "", m)
	if m.parts == nil {
		c.rssLeaf(n)
	}
	for _, child := range n.children {
		c.rssElement(child)
	}
}

// rssLeaf checks the value of n, an element that holds only text.
func (c *checker) rssLeaf(n *node) {
	where := n.path()
	for _, child := range n.children {
		if child.name.Space != "" {
			c.fail("RSS Profile, character data: an element that holds text holds no elements", where, "%s", child)
		}
	}
	switch n.name.Local {
	case "enclosure": // all is in its attributes
		c.rssAttrs(n, "url", "length", "type")
		return
	case "cloud":
		c.rssAttrs(n, rssModels["cloud"].attrs...)
		c.cloud(n)
		return
	}
	c.filled(where, n.text)
	switch n.name.Local {
	case "link", "docs", "comments", "url":
		c.rssAddress(where, n.text)
	case "pubDate", "lastBuildDate":
		c.date("RFC 822 §5, RSS 2.0: a date has a four-digit year, and a zone that is GMT or numeric", where, n.text, parseRFC822)
	case "managingEditor", "webMaster", "author":
		if !namedEmail.MatchString(n.text) {
			c.fail("RSS Profile, email addresses: a person is name@host.tld or name@host.tld (Real Name), else dc:creator", where, "%q", n.text)
		}
	case "language":
		c.lang(where, n.text)
	case "ttl":
		if !integerForm.MatchString(n.text) {
			c.fail("RSS 2.0 ttl: a ttl is a number of minutes", where, "%q", n.text)
		}
	case "width":
		c.atMost("RSS 2.0 image: a width is a number of pixels up to 144", n, 144)
	case "height":
		c.atMost("RSS 2.0 image: a height is a number of pixels up to 400", n, 400)
	case "hour":
		c.atMost("RSS 2.0 skipHours: an hour is a number from 0 to 23", n, 23)
	case "day":
		if !slices.Contains(weekdays, n.text) {
			c.fail("RSS 2.0 skipDays: a day is Monday to Sunday", where, "%q", n.text)
		}
	case "source":
		c.rssAttrs(n, "url")
	case "category":
		if domain, ok := n.attr("domain"); ok {
			c.filled(where, domain)
		}
	}
}

// rssAttrs checks the attributes that n must have.
func (c *checker) rssAttrs(n *node, required ...string) {
	for _, name := range required {
		v, ok := n.attr(name)
		switch {
		case !ok:
			c.fail(fmt.Sprintf("RSS 2.0 %s: its %s is required", n, strings.Join(required, ", ")), n.path(), "no %s", name)
		case name == "url":
			c.rssAddress(n.path(), v)
		case name == "length":
			c.length(n.path(), v)
		case name == "type":
			c.mediaType(n.path(), v)
		default:
			c.filled(n.path(), v)
		}
	}
}

func (c *checker) cloud(n *node) {
	if port, _ := n.attr("port"); !integerForm.MatchString(port) {
		c.fail("RSS 2.0 cloud: a port is a number", n.path(), "%q", port)
	}
	if p, _ := n.attr("protocol"); !slices.Contains([]string{"xml-rpc", "soap", "http-post"}, p) {
		c.fail("RSS 2.0 cloud: a protocol is xml-rpc, soap or http-post", n.path(), "%q", p)
	}
}

// rssAddress checks an address of RSS, which unlike Atom's is a URL, not an IRI.
func (c *checker) rssAddress(where, s string) {
	c.link(where, s)
	for _, r := range s {
		if r > '~' {
			c.fail("RFC 3986 §2: a URL in RSS is in ASCII", where, "%q", s)
			return
		}
	}
}

// atMost fails unless the text of n is an integer from 0 to limit.
func (c *checker) atMost(rule string, n *node, limit int) {
	i, err := strconv.Atoi(n.text)
	if err != nil || !integerForm.MatchString(n.text) || i > limit {
		c.fail(rule, n.path(), "%q", n.text)
	}
}

// foreign checks the elements of other namespaces that the Profile speaks of.
func (c *checker) foreign(n *node) {
	switch {
	case n.name.Space == atomNS:
		c.atomElement(n)
	case n.name.Space == dcNS:
		c.filled(n.path(), n.text)
	case n.is(contentNS, "encoded"):
		c.filled(n.path(), n.text)
		c.markup(n.path(), n.text)
		if len(n.children) > 0 {
			c.fail("RSS Profile, content:encoded: its markup is escaped", n.path(), "%s", n.children[0])
		}
	case n.is(slashNS, "comments"):
		if !integerForm.MatchString(n.text) {
			c.fail("RSS Profile, slash:comments: the value is a number of comments", n.path(), "%q", n.text)
		}
	}
}

// channel checks what the elements of a channel say together.
func (c *checker) channel(channel *node) {
	where := channel.path()
	self := false
	for _, l := range channel.all(atomNS, "link") {
		if relOf(l) != "self" {
			continue
		}
		self = true
		if typ, _ := l.attr("type"); typ != "application/rss+xml" {
			c.fail("RSS Profile, atom:link: the type of the link rel=self is application/rss+xml", l.path(), "%q", typ)
		}
	}
	if !self {
		c.fail("RSS Profile, atom:link: a channel has an atom:link rel=self", where, "")
	}
	c.history(channel)
	c.deletions(channel, nil)
	if image := channel.first("", "image"); image != nil {
		for _, name := range []string{"title", "link"} {
			if in, out := textOf(image, name), textOf(channel, name); in != out {
				c.fail("RSS 2.0 image: title and link are the channel's", image.path(), "%s %q, not %q", name, in, out)
			}
		}
	}
	for _, skip := range channel.children {
		if skip.is("", "skipHours") || skip.is("", "skipDays") {
			c.noneTwice("RSS 2.0: no hour or day to skip is named twice", skip.children)
		}
	}
	seen := map[string]string{}
	for _, item := range channel.all("", "item") {
		c.item(item)
		if guid := item.first("", "guid"); guid != nil {
			c.unique(seen, guid.path(), guid.text)
		}
	}
}

func (c *checker) noneTwice(rule string, nodes []*node) {
	seen := map[string]bool{}
	for _, n := range nodes {
		key := strings.TrimLeft(n.text, "0")
		if seen[key] {
			c.fail(rule, n.path(), "%q", n.text)
		}
		seen[key] = true
	}
}

// item checks what the elements of an item say together.
func (c *checker) item(item *node) {
	where := item.path()
	title, description := item.first("", "title"), item.first("", "description")
	encoded := item.all(contentNS, "encoded")
	switch {
	case len(encoded) > 0 && description == nil:
		c.fail("RSS Profile, content:encoded: an item with content:encoded has a description", where, "")
	case title == nil && description == nil:
		c.fail("RSS 2.0 item: an item has a title or a description", where, "")
	}
	if description != nil {
		c.markup(description.path(), description.text)
		if len(encoded) > 0 && slices.Index(item.children, encoded[0]) < slices.Index(item.children, description) {
			c.fail("RSS Profile, content:encoded: description comes first", where, "")
		}
	}
	if len(encoded) > 1 {
		c.fail("RSS Profile, content:encoded: an item has at most one", where, "%d", len(encoded))
	}
	if n := len(item.all("", "enclosure")); n > 1 {
		c.fail("RSS Profile, enclosure: an item has at most one enclosure", where, "%d", n)
	}
	guid := item.first("", "guid")
	if guid == nil {
		c.fail("RSS Profile, guid: an item has a guid", where, "")
	} else {
		c.guid(guid)
	}
	if item.first("", "link") == nil {
		c.permalink(item, guid)
	}
}

// permalink fails if an item without link has no guid to stand for it.
func (c *checker) permalink(item, guid *node) {
	if guid != nil {
		if v, ok := guid.attr("isPermaLink"); !ok || v == "true" {
			return
		}
	}
	c.fail(ruleAlternate, item.path(), "neither link nor guid isPermaLink=true")
}

func (c *checker) guid(guid *node) {
	switch v, ok := guid.attr("isPermaLink"); {
	case ok && v != "true" && v != "false":
		c.fail("RSS 2.0 guid: isPermaLink is true or false", guid.path(), "%q", v)
	case v != "false":
		c.must("RSS 2.0 guid: a guid whose isPermaLink is true, said or unsaid, is an http address", guid.path(), absoluteHTTP(guid.text))
	}
}

// textOf gives the text of a child without namespace, "" if there is none.
func textOf(n *node, local string) string {
	if child := n.first("", local); child != nil {
		return child.text
	}
	return ""
}
