package main

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	words := []string{"site", "title", "sources", "departments", "full_text"}
	for s, want := range map[string]string{"titel": "title", "sourcs": "sources", "ful_text": "full_text", "department": "departments", "xyz": "", "": ""} {
		if got := nearest(s, words); got != want {
			t.Errorf("nearest(%q) = %q, want %q", s, got, want)
		}
	}
}

// FuzzCatalogue holds that a file is refused in one line that names it, or gives a
// catalogue that can be used.
func FuzzCatalogue(f *testing.F) {
	f.Add("site: {title: T, url: 'https://t.vn', tag: 't.vn,2026'}\ndepartments:\n  - {id: a, name: A, sources: [{list: 'https://a.vn', cms: {item: div}}]}\n")
	f.Add("site:\n  title: [\n")
	f.Add("topics: {y-te: {phrases: {3: [a], 0: [b]}}}")
	f.Add("a: &a [*a]")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := parseCatalogue("f.yaml", []byte(s))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "f.yaml:") {
				t.Errorf("the error does not name the file: %v", err)
			}
			return
		}
		for _, src := range c.Sources {
			if !isWeb(src.URL) || src.Department.Name == "" {
				t.Errorf("a source was let through: %+v", src)
			}
		}
	})
}
