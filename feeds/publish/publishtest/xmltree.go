package publishtest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Namespaces that the rules speak of.
const (
	atomNS    = "http://www.w3.org/2005/Atom"
	xhtmlNS   = "http://www.w3.org/1999/xhtml"
	xmlNS     = "http://www.w3.org/XML/1998/namespace"
	contentNS = "http://purl.org/rss/1.0/modules/content/"
	dcNS      = "http://purl.org/dc/elements/1.1/"
	slashNS   = "http://purl.org/rss/1.0/modules/slash/"
	historyNS = "http://purl.org/syndication/history/1.0"
	tombNS    = "http://purl.org/atompub/tombstones/1.0"
)

// prefixes are for messages; documents choose their own.
var prefixes = map[string]string{
	atomNS: "atom:", xhtmlNS: "xhtml:", xmlNS: "xml:", contentNS: "content:", dcNS: "dc:",
	slashNS: "slash:", historyNS: "fh:", tombNS: "at:",
}

var declaration = regexp.MustCompile(`^<\?xml\s+version\s*=\s*["']1\.0["']\s+encoding\s*=\s*["'](?i:utf-8)["']` +
	`(\s+standalone\s*=\s*["'](yes|no)["'])?\s*\?>`)

// node is an element of a document.
type node struct {
	name     xml.Name
	attrs    []xml.Attr // without namespace declarations
	declared []string   // namespaces declared on this very element
	parent   *node
	children []*node
	text     string // the element's own character data, children's left out
}

// parse reads doc into a tree. It fails for what XML and the house rules say of
// any document; nil means that there is no tree to say more of.
func (c *checker) parse(doc []byte) *node {
	if !utf8.Valid(doc) {
		c.fail(ruleUTF8, "document", "invalid UTF-8")
		return nil
	}
	for i, r := range string(doc) {
		if !xmlChar(r) {
			c.fail(ruleChars, "document", "%U at byte %d", r, i)
			return nil
		}
	}
	if !declaration.Match(doc) {
		c.fail(ruleUTF8, "document", "begins with %.60q", doc)
	}
	root, err := c.tree(doc)
	if err != nil {
		rule := ruleWellFormed
		if strings.Contains(err.Error(), "illegal character code") {
			rule = ruleChars
		}
		c.fail(rule, "document", "%v", err)
		return nil
	}
	c.everywhere(root)
	return root
}

// tree builds the tree with the strict decoder, and with the checks of
// well-formedness that the decoder leaves out.
func (c *checker) tree(doc []byte) (*node, error) {
	d := xml.NewDecoder(bytes.NewReader(doc))
	d.Strict = true
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // the declaration was judged before
	var root, at *node
	for {
		start := d.InputOffset()
		tok, err := d.Token()
		if err == io.EOF {
			if root == nil {
				return nil, errors.New("no element")
			}
			return root, nil
		}
		if err != nil {
			return nil, err
		}
		switch tok := tok.(type) {
		case xml.ProcInst:
			if strings.EqualFold(tok.Target, "xml") && start != 0 {
				return nil, errors.New("XML declaration is not at the beginning")
			}
		case xml.CharData:
			switch {
			case at != nil:
				at.text += string(tok)
			case len(bytes.TrimSpace(tok)) > 0:
				return nil, fmt.Errorf("text outside the root element: %.40q", tok)
			}
		case xml.StartElement:
			n := &node{name: tok.Name, parent: at}
			if err := n.setAttrs(tok.Attr); err != nil {
				return nil, err
			}
			switch {
			case at != nil:
				at.children = append(at.children, n)
			case root == nil:
				root = n
			default:
				return nil, fmt.Errorf("second root element %s", n)
			}
			c.namespaces(n)
			at = n
		case xml.EndElement:
			at = at.parent
		}
	}
}

// setAttrs parts attributes from namespace declarations; none may occur twice.
func (n *node) setAttrs(attrs []xml.Attr) error {
	seen := map[xml.Name]bool{}
	for _, a := range attrs {
		if seen[a.Name] {
			return fmt.Errorf("attribute %s occurs twice in %s", a.Name.Local, n)
		}
		seen[a.Name] = true
		switch {
		case a.Name.Space == "xmlns" && a.Value == "":
			return fmt.Errorf("prefix %s declared as no namespace in %s", a.Name.Local, n)
		case a.Name.Space == "xmlns" || a.Name == xml.Name{Local: "xmlns"}:
			n.declared = append(n.declared, a.Value)
		default:
			n.attrs = append(n.attrs, a)
		}
	}
	return nil
}

// namespaces fails for each prefix of n that nothing around n declares: the
// decoder then gives the prefix itself for a namespace.
func (c *checker) namespaces(n *node) {
	check := func(name xml.Name) {
		if name.Space == "" || name.Space == xmlNS {
			return
		}
		for at := n; at != nil; at = at.parent {
			if slices.Contains(at.declared, name.Space) {
				return
			}
		}
		c.fail(ruleNamespaces, n.path(), "%s:%s", name.Space, name.Local)
	}
	check(n.name)
	for _, a := range n.attrs {
		check(a.Name)
	}
}

// addresses are the elements and attributes whose value is an address: such a
// value keeps its characters as they are, normalised or not.
var addresses = []string{
	"comments", "docs", "guid", "href", "htmlUrl", "icon", "id", "link", "logo", "ownerId", "ref",
	"scheme", "src", "srcset", "uri", "url", "xmlUrl",
}

// everywhere checks what holds for n and all below it in every XML format.
func (c *checker) everywhere(n *node) {
	if !slices.Contains(addresses, n.name.Local) {
		c.nfc(n.path(), n.text)
	}
	foreign := !slices.Contains([]string{"", atomNS, xhtmlNS}, n.name.Space) // as of a media:content
	for _, a := range n.attrs {
		switch {
		case a.Name == xml.Name{Space: xmlNS, Local: "lang"}:
			c.lang(n.path(), a.Value)
		case a.Name == xml.Name{Space: xmlNS, Local: "base"}:
			c.link(n.path(), a.Value)
		case foreign && (a.Name.Local == "url" || a.Name.Local == "href"):
			c.link(n.path(), a.Value)
		case !slices.Contains(addresses, a.Name.Local):
			c.nfc(n.path(), a.Value)
		}
	}
	for _, child := range n.children {
		c.everywhere(child)
	}
}

// String gives the name with the prefix that messages use.
func (n *node) String() string { return prefixes[n.name.Space] + n.name.Local }

// path says where n stands: names from the root, counted among equal siblings.
func (n *node) path() string {
	if n.parent == nil {
		return n.name.Local
	}
	i, total := 0, 0
	for _, s := range n.parent.children {
		if s.name == n.name {
			total++
		}
		if s == n {
			i = total
		}
	}
	p := n.parent.path() + "/" + strings.TrimPrefix(n.String(), prefixes[atomNS])
	if total > 1 {
		p += fmt.Sprintf("[%d]", i)
	}
	return p
}

func (n *node) is(space, local string) bool { return n.name == xml.Name{Space: space, Local: local} }

// attr gives the value of an attribute without namespace.
func (n *node) attr(local string) (string, bool) {
	for _, a := range n.attrs {
		if a.Name == (xml.Name{Local: local}) {
			return a.Value, true
		}
	}
	return "", false
}

// all gives the children of that name.
func (n *node) all(space, local string) (found []*node) {
	for _, child := range n.children {
		if child.is(space, local) {
			found = append(found, child)
		}
	}
	return found
}

// first gives the first child of that name, or nil.
func (n *node) first(space, local string) *node {
	for _, child := range n.children {
		if child.is(space, local) {
			return child
		}
	}
	return nil
}

// bounds says how often something may occur.
type bounds struct{ min, max int }

const many = 1 << 30

var (
	one  = bounds{1, 1}
	opt  = bounds{0, 1}
	any0 = bounds{0, many}
	any1 = bounds{1, many}
)

func (b bounds) String() string {
	switch b {
	case one:
		return "exactly one"
	case opt:
		return "at most one"
	}
	return "at least one"
}

// model says what an element holds of its format's own namespace.
type model struct {
	spec  string            // where that is said
	parts map[string]bounds // children by local name; with none at all, it holds text
	attrs []string          // attributes without namespace
}

// conform checks n against m; foreign children and attributes are free.
func (c *checker) conform(n *node, space string, m model) {
	for _, name := range slices.Sorted(maps.Keys(m.parts)) {
		b, got := m.parts[name], len(n.all(space, name))
		if got < b.min || got > b.max {
			c.fail(fmt.Sprintf("%s: %s has %v %s", m.spec, n, b, prefixes[space]+name), n.path(), "it has %d", got)
		}
	}
	for _, child := range n.children {
		if _, ok := m.parts[child.name.Local]; child.name.Space == space && !ok {
			c.fail(fmt.Sprintf("%s: an element holds only the elements defined for it", m.spec), n.path(), "%s", child)
		}
	}
	if m.parts != nil && strings.TrimSpace(n.text) != "" {
		c.fail(fmt.Sprintf("%s: an element that holds elements has no text of its own", m.spec), n.path(), "%q", strings.TrimSpace(n.text))
	}
	for _, a := range n.attrs {
		if a.Name.Space == "" && !slices.Contains(m.attrs, a.Name.Local) {
			c.fail(fmt.Sprintf("%s: an element has only the attributes defined for it", m.spec), n.path(), "%s", a.Name.Local)
		}
	}
}
