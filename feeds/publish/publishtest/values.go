package publishtest

import (
	"errors"
	"fmt"
	"mime"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

var (
	rfc3339Form = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)
	rfc822Form  = regexp.MustCompile(`^((Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d(:\d\d)? (GMT|[+-]\d\d[0-5]\d)$`)
	integerForm = regexp.MustCompile(`^[0-9]+$`)
	langForm    = regexp.MustCompile(`^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$`)
	emailForm   = regexp.MustCompile(`^[^\s@<>()\[\],;:"\\]+@[^\s@<>()\[\],;:"\\]+$`)
	namedEmail  = regexp.MustCompile(`^[^\s@<>()\[\],;:"\\]+@[^\s@<>()\[\],;:"\\]+\.[^\s@<>()\[\],;:"\\.]+( \([^()]+\))?$`)
	escapeForm  = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)
	schemeForm  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)
	urnForm     = regexp.MustCompile(`^urn:[A-Za-z0-9][A-Za-z0-9-]{0,30}[A-Za-z0-9]:[^\s]+$`)

	// tagForm is the grammar of RFC 4151 §2.1, its authority in lower case as
	// recommended there; the groups are the authority and the date.
	tagForm = regexp.MustCompile(`^tag:((?:[a-z0-9._-]+@)?[a-z0-9]+(?:-+[a-z0-9]+)*(?:\.[a-z0-9]+(?:-+[a-z0-9]+)*)*)` +
		`,(\d{4}(?:-\d\d(?:-\d\d)?)?):` + `(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*` +
		`(?:#(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?$`)
)

// parseRFC3339 reads a date in the one form that RFC 4287 §3.3 allows.
func parseRFC3339(s string) (time.Time, error) {
	if !rfc3339Form.MatchString(s) {
		return time.Time{}, fmt.Errorf("%q is not of the form 2006-01-02T15:04:05Z", s)
	}
	return time.Parse(time.RFC3339Nano, s)
}

// parseRFC822 reads a date of RFC 822 with four digits of year and a zone that
// is GMT or a number; a day of the week must be the right one.
func parseRFC822(s string) (time.Time, error) {
	if !rfc822Form.MatchString(s) {
		return time.Time{}, fmt.Errorf("%q is not of the form Mon, 02 Jan 2006 15:04:05 +0700", s)
	}
	day, rest, named := strings.Cut(s, ", ")
	if !named {
		rest = s
	}
	rest = strings.Replace(rest, "GMT", "+0000", 1)
	t, err := time.Parse("2 Jan 2006 15:04:05 -0700", rest)
	if err != nil {
		t, err = time.Parse("2 Jan 2006 15:04 -0700", rest)
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is no date: %w", s, err)
	}
	if named && t.Format("Mon") != day {
		return time.Time{}, fmt.Errorf("%q fell on a %s", s, t.Format("Mon"))
	}
	return t, nil
}

// date reads s with parse, and fails by rule, or because the date is too far ahead.
func (c *checker) date(rule, where, s string, parse func(string) (time.Time, error)) (t time.Time, ok bool) {
	t, err := parse(s)
	if err != nil {
		c.fail(rule, where, "%v", err)
		return t, false
	}
	if t.After(c.now.Add(24 * time.Hour)) {
		c.fail(ruleFuture, where, "%s", s)
	}
	return t, true
}

// addressChars fails for a character that no URI or IRI may have unescaped.
func addressChars(s string) error {
	for _, r := range s {
		if unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune("<>\"{}|\\^`", r) {
			return fmt.Errorf("%q has %q, which must be escaped", s, r)
		}
	}
	if len(escapeForm.FindAllString(s, -1)) != strings.Count(s, "%") {
		return fmt.Errorf("%q has a %% that escapes nothing", s)
	}
	return nil
}

// absoluteHTTP says why s is not an absolute http or https address.
func absoluteHTTP(s string) error {
	if err := addressChars(s); err != nil {
		return err
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return err
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%q is not http or https", s)
	case u.Hostname() == "":
		return fmt.Errorf("%q has no host", s)
	}
	return nil
}

// absoluteIRI says why s is not an absolute IRI. It knows the schemes http,
// https, tag and urn well, of others only that they have a scheme.
func (c *checker) absoluteIRI(s string) error {
	scheme := schemeForm.FindString(s)
	switch strings.ToLower(scheme) {
	case "":
		return fmt.Errorf("%q is not absolute", s)
	case "http:", "https:":
		return absoluteHTTP(s)
	case "tag:":
		return c.tagURI(s)
	case "urn:":
		if !urnForm.MatchString(s) {
			return fmt.Errorf("%q is not a URN (RFC 8141)", s)
		}
	}
	if len(s) == len(scheme) {
		return fmt.Errorf("%q has only a scheme", s)
	}
	return addressChars(s)
}

// tagURI says why s is not a tag URI that could have been minted by now.
func (c *checker) tagURI(s string) error {
	m := tagForm.FindStringSubmatch(s)
	if m == nil {
		return fmt.Errorf("%q is not tag:authority,date:specific (RFC 4151)", s)
	}
	day, err := time.Parse("2006-01-02"[:len(m[2])], m[2])
	if err != nil {
		return fmt.Errorf("%q has no date of the calendar (RFC 4151)", s)
	}
	if day.After(c.now.Add(24 * time.Hour)) {
		return fmt.Errorf("%q has a date still to come (RFC 4151)", s)
	}
	return nil
}

// normalIRI says where s departs from the normal form that RFC 4287 §4.2.6.1 asks of an atom:id.
func normalIRI(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return err
	case !strings.HasPrefix(s, u.Scheme+":"): // url.Parse lowers the scheme
		return errors.New("scheme in upper case")
	case u.Host != strings.ToLower(u.Host):
		return errors.New("host in upper case")
	case u.Host != "" && u.Path == "":
		return errors.New("empty path, not /")
	case strings.Contains(u.EscapedPath()+"/", "/./"), strings.Contains(u.EscapedPath()+"/", "/../"):
		return errors.New("path has dot segments")
	}
	for _, e := range escapeForm.FindAllString(s, -1) {
		if e != strings.ToUpper(e) {
			return fmt.Errorf("%s in lower case", e)
		}
	}
	return nil
}

func (c *checker) link(where, s string) { c.must(ruleLink, where, absoluteHTTP(s)) }

func (c *checker) lang(where, s string) {
	if !langForm.MatchString(s) {
		c.fail(ruleLanguage, where, "%q is not well-formed", s)
	} else if _, err := language.Parse(s); err != nil {
		c.fail(ruleLanguage, where, "%q: %v", s, err)
	}
}

func (c *checker) mediaType(where, s string) {
	if t, _, err := mime.ParseMediaType(s); err != nil {
		c.fail(ruleMediaType, where, "%q: %v", s, err)
	} else if a, b, ok := strings.Cut(t, "/"); !ok || a == "" || b == "" {
		c.fail(ruleMediaType, where, "%q", s)
	}
}

func (c *checker) length(where, s string) {
	if !integerForm.MatchString(s) {
		c.fail(ruleLength, where, "%q", s)
	}
}

// filled fails if s has nothing to read in it.
func (c *checker) filled(where, s string) {
	if strings.TrimSpace(s) == "" {
		c.fail(ruleEmpty, where, "")
	}
}

func (c *checker) nfc(where, s string) {
	if !norm.NFC.IsNormalString(s) {
		c.fail(ruleNFC, where, "%+q", s)
	}
}

// xmlChar reports whether XML 1.0 §2.2 has r among its characters.
func xmlChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' ||
		r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}
