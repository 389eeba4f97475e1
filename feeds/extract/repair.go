package extract

import (
	"iter"
	"regexp"
	"strconv"
	"strings"
)

var (
	rootForm    = regexp.MustCompile(`(?i)<\?xml\b|<rss[\s>]|<feed[\s>]|<rdf:RDF[\s>]|<(?:\w+:)?channel[\s>]`)
	declaration = regexp.MustCompile(`^\s*<\?xml[^>]*\?>`)
	charRef     = regexp.MustCompile(`&#(?:[xX]([0-9a-fA-F]{1,8})|([0-9]{1,10}));`)
	itemForm    = regexp.MustCompile(`(?is)<(item|entry)(?:\s[^>]*)?>.*?</(?:item|entry)\s*>`)
	itemStart   = regexp.MustCompile(`(?i)<(?:item|entry)[\s>]`)
)

// repairXML mends what makes a parser refuse a whole feed: text before the root,
// characters and references that XML does not allow, a declaration that names
// another charset than the text now has.
func repairXML(s string) string {
	if at := rootForm.FindStringIndex(s); at != nil {
		s = s[at[0]:]
	}
	s = declaration.ReplaceAllString(s, "")
	if strings.Contains(s, "&#") {
		s = charRef.ReplaceAllStringFunc(s, func(ref string) string {
			m := charRef.FindStringSubmatch(ref)
			n, err := strconv.ParseUint(m[1]+m[2], base(m[1]), 32)
			if err != nil || !legalXML(rune(n)) {
				return ""
			}
			return ref
		})
	}
	s = strings.Map(func(r rune) rune {
		if !legalXML(r) {
			return -1
		}
		return r
	}, s)
	return `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + s
}

func base(hex string) int {
	if hex != "" {
		return 16
	}
	return 10
}

// legalXML is the Char production of XML 1.0, 2.2.
func legalXML(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' ||
		r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}

// opaque are the parts of a document in which a tag is text.
var opaque = regexp.MustCompile(`(?s)<!--.*?-->|<!\[CDATA\[.*?\]\]>`)

// tagsOnly blanks the insides of comments and CDATA sections, so that positions
// stay and only real tags are found.
func tagsOnly(s string) string {
	return opaque.ReplaceAllStringFunc(s, func(part string) string { return strings.Repeat(" ", len(part)) })
}

// countItems returns how many items the document begins.
func countItems(s string) int { return len(itemStart.FindAllStringIndex(tagsOnly(s), -1)) }

var rootTag = regexp.MustCompile(`(?i)<(?:rss|feed|rdf:RDF)\b[^>]*>`)

// pieces cuts a feed that can't be parsed whole into its head, a feed without
// items, and one small feed for each complete item, in order. Each piece stands
// within the document's root element so that namespaces stay known.
func pieces(s string) (head string, items iter.Seq[string]) {
	tags := tagsOnly(s)
	at := itemStart.FindStringIndex(tags)
	if at == nil {
		return "", func(func(string) bool) {}
	}
	head = s[:at[0]]
	root, tail := rootTag.FindString(head), "</channel></rss>"
	switch name := strings.ToLower(root); {
	case strings.HasPrefix(name, "<feed"):
		tail = "</feed>"
	case strings.HasPrefix(name, "<rdf"):
		tail = "</rdf:RDF>"
	case root == "" || len(root) > 8<<10: // copied for each item: a long one is hostile
		root, head = `<rss version="2.0"><channel>`, ""
	default:
		root += "<channel>"
	}
	return head + tail, func(yield func(string) bool) {
		for _, at := range itemForm.FindAllStringIndex(tags, mostItems) {
			if !yield(root + s[at[0]:at[1]] + tail) {
				return
			}
		}
	}
}
