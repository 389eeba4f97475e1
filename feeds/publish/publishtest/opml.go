package publishtest

import (
	"regexp"
	"strings"
)

var (
	opmlRoot = model{spec: "OPML 2.0 opml", parts: map[string]bounds{"head": one, "body": one}, attrs: []string{"version"}}
	opmlHead = model{spec: "OPML 2.0 head", parts: map[string]bounds{
		"title": opt, "dateCreated": opt, "dateModified": opt, "ownerName": opt, "ownerEmail": opt, "ownerId": opt,
		"docs": opt, "expansionState": opt, "vertScrollState": opt, "windowTop": opt, "windowLeft": opt,
		"windowBottom": opt, "windowRight": opt,
	}}
	opmlBody    = model{spec: "OPML 2.0 body", parts: map[string]bounds{"outline": any1}}
	opmlOutline = map[string]bounds{"outline": any0}

	signedForm    = regexp.MustCompile(`^-?[0-9]+$`)
	expansionForm = regexp.MustCompile(`^([0-9]+( *, *[0-9]+)*)?$`)
)

const ruleOPMLDate = "OPML 2.0, notes: a date-time is of RFC 822, with a four-digit year, and a zone that is GMT or numeric"

// OPML gives what is wrong with doc as an OPML 2.0 document.
func OPML(doc []byte) []Violation {
	c := newChecker()
	root := c.parse(doc)
	switch {
	case root == nil:
	case !root.is("", "opml"):
		c.fail("OPML 2.0: the root element is opml, in no namespace", root.path(), "%q in namespace %q", root.name.Local, root.name.Space)
	default:
		c.opml(root)
	}
	return c.found
}

func (c *checker) opml(root *node) {
	if v, _ := root.attr("version"); v != "2.0" {
		c.fail("OPML 2.0 opml: the version is 2.0", root.path(), "%q", v)
	}
	c.conform(root, "", opmlRoot)
	for _, head := range root.all("", "head") {
		c.conform(head, "", opmlHead)
		for _, n := range head.children {
			if n.name.Space == "" {
				c.opmlHeadElement(n)
			}
		}
	}
	for _, body := range root.all("", "body") {
		c.conform(body, "", opmlBody)
		for _, o := range body.all("", "outline") {
			c.outline(o)
		}
	}
}

func (c *checker) opmlHeadElement(n *node) {
	where := n.path()
	c.conform(n, "", model{spec: "OPML 2.0 head"})
	switch n.name.Local {
	case "expansionState":
		if !expansionForm.MatchString(n.text) {
			c.fail("OPML 2.0 head: an expansionState is a list of line numbers with commas", where, "%q", n.text)
		}
		return
	case "vertScrollState", "windowTop", "windowLeft", "windowBottom", "windowRight":
		if !signedForm.MatchString(n.text) {
			c.fail("OPML 2.0 head: a position is a number", where, "%q", n.text)
		}
		return
	}
	c.filled(where, n.text)
	switch n.name.Local {
	case "dateCreated", "dateModified":
		c.date(ruleOPMLDate, where, n.text, parseRFC822)
	case "ownerEmail":
		if !emailForm.MatchString(n.text) {
			c.fail("OPML 2.0 head: an ownerEmail is an email address", where, "%q", n.text)
		}
	case "ownerId", "docs":
		c.link(where, n.text)
	}
}

// outline checks o and the outlines below it.
func (c *checker) outline(o *node) {
	where := o.path()
	m := model{spec: "OPML 2.0 outline", parts: opmlOutline}
	for _, a := range o.attrs { // OPML leaves an outline free to have any attribute
		m.attrs = append(m.attrs, a.Name.Local)
	}
	c.conform(o, "", m)
	if text, ok := o.attr("text"); !ok {
		c.fail("OPML 2.0, text attribute: an outline has a text", where, "")
	} else {
		c.filled(where, text)
	}
	typ, _ := o.attr("type")
	_, subscribes := o.attr("xmlUrl")
	switch typ = strings.ToLower(typ); typ {
	case "rss":
		c.required(o, "OPML 2.0, subscription lists: an outline of type rss has an xmlUrl", "xmlUrl")
		c.required(o, "OPML 2.0, subscription lists: the title of a subscription is not omitted", "title")
	case "link", "include":
		c.required(o, "OPML 2.0, inclusion: an outline of type link or include has a url", "url")
	}
	if subscribes && typ != "rss" {
		c.fail("OPML 2.0, subscription lists: an outline with an xmlUrl has the type rss", where, "type %q", typ)
	}
	for _, a := range o.attrs {
		switch a.Name.Local {
		case "xmlUrl", "htmlUrl", "url":
			c.link(where, a.Value)
		case "language":
			c.lang(where, a.Value)
		case "isComment", "isBreakpoint":
			if a.Value != "true" && a.Value != "false" {
				c.fail("OPML 2.0 outline: isComment and isBreakpoint are true or false", where, "%q", a.Value)
			}
		case "created":
			c.date(ruleOPMLDate, where, a.Value, parseRFC822)
		case "type", "title", "description", "version":
			c.filled(where, a.Value)
		case "category":
			for part := range strings.SplitSeq(a.Value, ",") {
				c.filled(where, strings.Trim(part, "/ "))
			}
		}
	}
	for _, child := range o.all("", "outline") {
		c.outline(child)
	}
}

// required fails by rule if o has no such attribute.
func (c *checker) required(o *node, rule, attr string) {
	if _, ok := o.attr(attr); !ok {
		c.fail(rule, o.path(), "no %s", attr)
	}
}
