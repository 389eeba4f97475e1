// Package publishtest says which rules a published feed breaks. It is for tests
// only.
//
// Its rules were written down from RFC 4287, RFC 5005, RFC 6721, RFC 4151, RSS
// 2.0 with the RSS Advisory Board's Best Practices Profile, JSON Feed 1.1 and
// OPML 2.0, and from this project's house rules, not from the code that it
// judges. It never imports that code, and it reads a document with its own
// parser, so an error made in publishing is not made again in checking.
//
// A recommendation ("should") of a standard counts as a rule. Start with [Atom],
// [RSS], [JSON] or [OPML]; a document without violations gives nil.
package publishtest

import (
	"fmt"
	"slices"
	"time"
)

// A Violation is one rule that a document breaks.
type Violation struct {
	Rule   string // where the rule stands and what it says: "RFC 4287 §4.1.2: an atom:entry has exactly one atom:id"
	Where  string // path of the place in the document: "feed/entry[2]/link"
	Detail string // what was found there
}

// String gives the violation on one line: place, rule, finding.
func (v Violation) String() string {
	s := v.Where + ": " + v.Rule
	if v.Detail != "" {
		s += " (" + v.Detail + ")"
	}
	return s
}

// House rules, and rules of XML, that several formats share.
const (
	ruleUTF8       = "house: a document is UTF-8 and its XML declaration says so"
	ruleChars      = "XML 1.0 §2.2: a document has only characters that XML allows"
	ruleWellFormed = "XML 1.0 §2.1: a document is well-formed"
	ruleNamespaces = "Namespaces in XML §5: a prefix in use is declared"
	ruleNFC        = "house: text is in Normalization Form C"
	ruleLink       = "house: a link is an absolute http or https address"
	ruleLanguage   = "BCP 47: a language tag is well-formed and made of registered subtags"
	ruleMediaType  = "RFC 6838 §4.2: a media type is type/subtype"
	ruleLength     = "house: a length is a non-negative integer"
	ruleFuture     = "house: no date is more than 24 hours ahead"
	ruleOrder      = "house: nothing is updated before it is published"
	ruleEmpty      = "house: an element or attribute that needs text is not empty"
	ruleAlternate  = "house: every entry links to its page"
	ruleUniqueID   = "house: an identifier occurs once in a document"
)

// checker collects what is wrong with one document.
type checker struct {
	now   time.Time
	found []Violation
}

func newChecker() *checker { return &checker{now: time.Now()} }

// fail notes a violation, once for the same words at the same place.
func (c *checker) fail(rule, where, format string, args ...any) {
	v := Violation{Rule: rule, Where: where, Detail: fmt.Sprintf(format, args...)}
	if !slices.Contains(c.found, v) {
		c.found = append(c.found, v)
	}
}

// must notes err, if there is one, as a violation of rule.
func (c *checker) must(rule, where string, err error) {
	if err != nil {
		c.fail(rule, where, "%v", err)
	}
}

// unique notes value as an identifier seen in where, and fails if it was seen before.
func (c *checker) unique(seen map[string]string, where, value string) {
	if first, dup := seen[value]; dup {
		c.fail(ruleUniqueID, where, "%q stands in %s too", value, first)
		return
	}
	seen[value] = where
}
