package publishtest

import "strings"

// history checks n, an atom:feed or an RSS channel, by RFC 5005 (Feed Paging
// and Archiving).
func (c *checker) history(n *node) {
	hrefs := map[string]string{}
	for _, l := range n.all(atomNS, "link") {
		rel := relOf(l)
		href, _ := l.attr("href")
		switch rel {
		case "first", "last", "previous", "next", "prev-archive", "next-archive", "current":
			if _, dup := hrefs[rel]; dup {
				c.fail("RFC 5005 §3: a feed has at most one link of each paging relation", l.path(), "second %s", rel)
			}
		}
		hrefs[rel] = href
	}
	for _, rel := range []string{"next", "previous", "prev-archive", "next-archive"} {
		if href := hrefs[rel]; href != "" && href == hrefs["self"] {
			c.fail("RFC 5005 §3: a page links to other pages, not to itself", n.path(), "rel=%s is rel=self", rel)
		}
	}
	marks := map[string]int{}
	for _, child := range n.children {
		if child.name.Space != historyNS {
			continue
		}
		marks[child.name.Local]++
		switch {
		case child.name.Local != "complete" && child.name.Local != "archive":
			c.fail("RFC 5005: its namespace has only fh:complete and fh:archive", child.path(), "%s", child)
		case marks[child.name.Local] > 1:
			c.fail("RFC 5005: a feed has at most one fh:complete and fh:archive", child.path(), "")
		case len(child.children) > 0 || strings.TrimSpace(child.text) != "":
			c.fail("RFC 5005: fh:complete and fh:archive are empty", child.path(), "%q", child.text)
		}
	}
	if marks["complete"] > 0 {
		for _, rel := range []string{"next", "previous", "prev-archive", "next-archive"} {
			if _, paged := hrefs[rel]; paged {
				c.fail("RFC 5005 §2: a complete feed is one document", n.path(), "rel=%s", rel)
			}
		}
	}
}

var tombstone = model{spec: "RFC 6721 §3", parts: map[string]bounds{"by": opt, "comment": opt}, attrs: []string{"ref", "when"}}

// deletions checks the at:deleted-entry elements of a feed with those entries.
func (c *checker) deletions(feed *node, entries []*node) {
	type deletion struct{ ref, when string }
	seen := map[deletion]bool{}
	for _, d := range feed.all(tombNS, "deleted-entry") {
		c.deletedEntry(d)
		ref, _ := d.attr("ref")
		when, _ := d.attr("when")
		if seen[deletion{ref, when}] {
			c.fail("RFC 6721 §3: no two at:deleted-entry have the same ref and when", d.path(), "%s, %s", ref, when)
		}
		seen[deletion{ref, when}] = true
		gone, err := parseRFC3339(when)
		if err != nil {
			continue
		}
		for _, e := range entries {
			id := e.first(atomNS, "id")
			if id != nil && id.text == ref && !atomTime(e, "updated").After(gone) {
				c.fail("house: a feed does not hold an entry that it says is deleted", e.path(), "%s was deleted %s", ref, when)
			}
		}
	}
}

// deletedEntry checks d by RFC 6721.
func (c *checker) deletedEntry(d *node) {
	where := d.path()
	c.conform(d, tombNS, tombstone)
	if ref, ok := d.attr("ref"); !ok {
		c.fail("RFC 6721 §3: an at:deleted-entry has a ref", where, "")
	} else {
		c.must("RFC 6721 §3: a ref is the IRI of an atom:id", where, c.absoluteIRI(ref))
	}
	if when, ok := d.attr("when"); !ok {
		c.fail("RFC 6721 §3: an at:deleted-entry has a when", where, "")
	} else {
		c.date("RFC 6721 §3: a when is an RFC 3339 date-time", where, when, parseRFC3339)
	}
	if by := d.first(tombNS, "by"); by != nil {
		c.conform(by, atomNS, person)
		for _, child := range by.children {
			if child.name.Space == atomNS {
				c.atomElement(child)
			}
		}
	}
	if comment := d.first(tombNS, "comment"); comment != nil {
		c.textConstruct(comment)
	}
	for _, child := range d.children {
		if child.is(atomNS, "link") || child.is(atomNS, "source") {
			c.atomElement(child)
		}
	}
	if len(d.all(atomNS, "source")) > 1 {
		c.fail("RFC 6721 §3: an at:deleted-entry has at most one atom:source", where, "")
	}
}
