package publishtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	ruleJSON      = "RFC 8259: a document is one JSON value, in UTF-8 without byte order mark"
	ruleExtension = "JSON Feed 1.1, extensions: a custom name is _ and a letter, its value an object, no name in it has a . or begins with _"
	ruleJSONDate  = "JSON Feed 1.1, items: a date is of RFC 3339"
)

// object is a JSON object, its names in the order of the document.
type object struct {
	names  []string
	values map[string]any
}

// field is one name that an object of JSON Feed may have.
type field struct {
	kind     string // "string", "number", "boolean", "array" or "object"
	required string // the rule that asks for it, "" if none does
	check    func(c *checker, where string, v any)
}

var feedFields = map[string]field{
	"version":       {"string", "JSON Feed 1.1, top-level: a feed has a version", jsonVersion},
	"title":         {"string", "JSON Feed 1.1, top-level: a feed has a title", jsonText},
	"home_page_url": {"string", "JSON Feed 1.1, top-level: a public feed has a home_page_url", jsonLink},
	"feed_url":      {"string", "JSON Feed 1.1, top-level: a public feed has a feed_url", jsonLink},
	"description":   {"string", "", jsonText},
	"user_comment":  {"string", "", jsonText},
	"next_url":      {"string", "", jsonLink},
	"icon":          {"string", "", jsonLink},
	"favicon":       {"string", "", jsonLink},
	"authors":       {"array", "", jsonAuthors},
	"language":      {"string", "", jsonLanguage},
	"expired":       {"boolean", "", nil},
	"hubs":          {"array", "", objects("hub", hubFields)},
	"items":         {"array", "JSON Feed 1.1, items: a feed has an array of items, even if it is empty", objects("item", itemFields)},
}

var itemFields = map[string]field{
	"id":             {"string", "JSON Feed 1.1, items: an item has an id", jsonText},
	"url":            {"string", ruleAlternate, jsonLink},
	"external_url":   {"string", "", jsonLink},
	"title":          {"string", "", jsonText},
	"content_html":   {"string", "", jsonHTML},
	"content_text":   {"string", "", jsonText},
	"summary":        {"string", "", jsonText},
	"image":          {"string", "", jsonLink},
	"banner_image":   {"string", "", jsonLink},
	"date_published": {"string", "", jsonDate},
	"date_modified":  {"string", "", jsonDate},
	"authors":        {"array", "", jsonAuthors},
	"tags":           {"array", "", jsonTags},
	"language":       {"string", "", jsonLanguage},
	"attachments":    {"array", "", objects("attachment", attachmentFields)},
}

var hubFields = map[string]field{
	"type": {"string", "JSON Feed 1.1, top-level: a hub has a type", jsonText},
	"url":  {"string", "JSON Feed 1.1, top-level: a hub has a url", jsonLink},
}

var attachmentFields = map[string]field{
	"url":                 {"string", "JSON Feed 1.1, attachments: an attachment has a url", jsonLink},
	"mime_type":           {"string", "JSON Feed 1.1, attachments: an attachment has a mime_type", jsonMediaType},
	"title":               {"string", "", jsonText},
	"size_in_bytes":       {"number", "", jsonLength},
	"duration_in_seconds": {"number", "", jsonDuration},
}

var authorFields = map[string]field{
	"name":   {"string", "", jsonText},
	"url":    {"string", "", jsonAuthorURL},
	"avatar": {"string", "", jsonLink},
}

var extensionName = regexp.MustCompile(`^_\pL[^.]*$`)

// JSON gives what is wrong with doc as a JSON Feed of version 1.1.
func JSON(doc []byte) []Violation {
	c := newChecker()
	if !utf8.Valid(doc) {
		c.fail(ruleJSON, "document", "invalid UTF-8")
		return c.found
	}
	v, err := decode(doc)
	if err != nil {
		c.fail(ruleJSON, "document", "%v", err)
		return c.found
	}
	feed, ok := v.(object)
	if !ok {
		c.fail("JSON Feed 1.1: a feed is an object", "document", "it is a %s", kindOf(v))
		return c.found
	}
	c.object("feed", feed, feedFields)
	if next, ok := feed.values["next_url"].(string); ok && next == feed.values["feed_url"] {
		c.fail("JSON Feed 1.1, top-level: next_url is not feed_url", "feed", "%s", next)
	}
	items, _ := feed.values["items"].([]any)
	seen := map[string]string{}
	for i, v := range items {
		if item, ok := v.(object); ok {
			where := fmt.Sprintf("feed/items[%d]", i)
			c.jsonItem(where, item)
			if id, ok := item.values["id"].(string); ok {
				c.unique(seen, where+"/id", id)
			}
		}
	}
	return c.found
}

// jsonItem checks what the fields of an item say together.
func (c *checker) jsonItem(where string, item object) {
	_, asHTML := item.values["content_html"]
	_, asText := item.values["content_text"]
	if !asHTML && !asText {
		c.fail("JSON Feed 1.1, items: an item has content_html or content_text", where, "")
	}
	date := func(name string) time.Time {
		s, _ := item.values[name].(string)
		t, _ := parseRFC3339(s)
		return t
	}
	published, modified := date("date_published"), date("date_modified")
	if !modified.IsZero() && modified.Before(published) {
		c.fail(ruleOrder, where, "published %v, modified %v", published, modified)
	}
}

// object checks the names of o against fields, and each value by its field.
func (c *checker) object(where string, o object, fields map[string]field) {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if _, ok := o.values[name]; !ok && fields[name].required != "" {
			c.fail(fields[name].required, where, "no %s", name)
		}
	}
	for _, name := range o.names {
		at, v := where+"/"+name, o.values[name]
		f, known := fields[name]
		switch {
		case strings.HasPrefix(name, "_"):
			c.extension(at, name, v)
		case name == "author":
			c.fail("JSON Feed 1.1, deprecations: a new feed has authors, not author", at, "")
		case !known:
			c.fail("JSON Feed 1.1, extensions: a name that the format does not know begins with _", at, "")
		case kindOf(v) != f.kind:
			c.fail("JSON Feed 1.1: a value is of the type that the format gives it", at, "%s, not %s", kindOf(v), f.kind)
		case f.check != nil:
			f.check(c, at, v)
		}
	}
}

// objects gives a check of an array of objects with those fields.
func objects(what string, fields map[string]field) func(*checker, string, any) {
	return func(c *checker, where string, v any) {
		for i, e := range v.([]any) {
			at := fmt.Sprintf("%s[%d]", where, i)
			if o, ok := e.(object); ok {
				c.object(at, o, fields)
			} else {
				c.fail("JSON Feed 1.1: an "+what+" is an object", at, "it is a %s", kindOf(e))
			}
		}
	}
}

// extension checks a custom object.
func (c *checker) extension(where, name string, v any) {
	o, ok := v.(object)
	if !ok || !extensionName.MatchString(name) {
		c.fail(ruleExtension, where, "%s", kindOf(v))
		return
	}
	for _, member := range o.names {
		if member == "" || strings.HasPrefix(member, "_") || strings.ContainsRune(member, '.') {
			c.fail(ruleExtension, where, "%q", member)
		}
		if s, ok := o.values[member].(string); ok {
			c.jsonChars(where+"/"+member, s)
		}
	}
}

func jsonVersion(c *checker, where string, v any) {
	if v != "https://jsonfeed.org/version/1.1" {
		c.fail("JSON Feed 1.1, top-level: the version is https://jsonfeed.org/version/1.1", where, "%q", v)
	}
}

func jsonText(c *checker, where string, v any) {
	c.filled(where, v.(string))
	if !strings.HasSuffix(where, "/id") {
		c.jsonChars(where, v.(string))
	}
}

// jsonChars holds JSON to the characters of XML too, and to NFC.
func (c *checker) jsonChars(where, s string) {
	if i := strings.IndexFunc(s, func(r rune) bool { return !xmlChar(r) }); i >= 0 {
		c.fail(ruleChars, where, "%q", s[i:min(len(s), i+8)])
	}
	c.nfc(where, s)
}

func jsonHTML(c *checker, where string, v any) {
	jsonText(c, where, v)
	c.markup(where, v.(string))
}

func jsonLink(c *checker, where string, v any)      { c.link(where, v.(string)) }
func jsonLanguage(c *checker, where string, v any)  { c.lang(where, v.(string)) }
func jsonMediaType(c *checker, where string, v any) { c.mediaType(where, v.(string)) }
func jsonLength(c *checker, where string, v any)    { c.length(where, v.(json.Number).String()) }

func jsonDuration(c *checker, where string, v any) {
	if f, err := v.(json.Number).Float64(); err != nil || f < 0 {
		c.fail("JSON Feed 1.1, attachments: a duration is a number of seconds", where, "%v", v)
	}
}

func jsonDate(c *checker, where string, v any) {
	c.date(ruleJSONDate, where, v.(string), parseRFC3339)
}

func jsonAuthorURL(c *checker, where string, v any) {
	if s, mail := strings.CutPrefix(v.(string), "mailto:"); !mail || !emailForm.MatchString(s) {
		c.link(where, v.(string))
	}
}

func jsonAuthors(c *checker, where string, v any) {
	objects("author", authorFields)(c, where, v)
	for i, e := range v.([]any) {
		o, ok := e.(object)
		if ok && !slices.ContainsFunc(o.names, func(n string) bool { _, ok := authorFields[n]; return ok }) {
			c.fail("JSON Feed 1.1, top-level: an author has a name, a url or an avatar", fmt.Sprintf("%s[%d]", where, i), "")
		}
	}
}

func jsonTags(c *checker, where string, v any) {
	for i, e := range v.([]any) {
		at := fmt.Sprintf("%s[%d]", where, i)
		if s, ok := e.(string); ok {
			jsonText(c, at, s)
		} else {
			c.fail("JSON Feed 1.1, items: a tag is a string", at, "it is a %s", kindOf(e))
		}
	}
}

// kindOf names the type of a decoded value in the words of JSON.
func kindOf(v any) string {
	switch v.(type) {
	case object:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case json.Number:
		return "number"
	case bool:
		return "boolean"
	}
	return "null"
}

// decode reads doc with objects as [object]; unlike json.Unmarshal it refuses a name that occurs twice.
func decode(doc []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	v, err := decodeValue(d)
	if err != nil {
		return nil, err
	}
	if !json.Valid(doc) {
		return nil, errors.New("more after the value")
	}
	return v, nil
}

func decodeValue(d *json.Decoder) (any, error) {
	tok, err := d.Token()
	if errors.Is(err, io.EOF) {
		return nil, io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	switch tok {
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := decodeValue(d)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := d.Token()
		return list, err
	case json.Delim('{'):
		o := object{values: map[string]any{}}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			name, ok := key.(string)
			if !ok {
				return nil, fmt.Errorf("a name that is no string: %v", key)
			}
			if _, dup := o.values[name]; dup {
				return nil, fmt.Errorf("name %q occurs twice in an object", name)
			}
			if o.values[name], err = decodeValue(d); err != nil {
				return nil, err
			}
			o.names = append(o.names, name)
		}
		_, err := d.Token()
		return o, err
	}
	return tok, nil
}
