package publishtest

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// good reads the document of testdata that breaks no rule and touches most.
func good(t *testing.T, name string) string {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}

var formats = []struct {
	file  string
	check func([]byte) []Violation
}{
	{"good.atom", Atom},
	{"good.rss", RSS},
	{"good.json", JSON},
	{"good.opml", OPML},
}

func TestGoodDocumentsHaveNoViolations(t *testing.T) {
	for _, f := range formats {
		t.Run(f.file, func(t *testing.T) {
			for _, v := range f.check([]byte(good(t, f.file))) {
				t.Error(v)
			}
		})
	}
}

func TestCutDocumentsHaveViolations(t *testing.T) {
	for _, f := range formats {
		t.Run(f.file, func(t *testing.T) {
			doc := bytes.TrimSpace([]byte(good(t, f.file)))
			for n := range doc {
				if len(f.check(doc[:n])) == 0 {
					t.Fatalf("the first %d of %d bytes have no violation", n, len(doc))
				}
			}
		})
	}
}

func TestViolationReadsAsPlaceRuleAndFinding(t *testing.T) {
	v := Violation{Rule: "house: r", Where: "feed/id", Detail: `"x"`}
	if got, want := v.String(), `feed/id: house: r ("x")`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// mutation replaces the first old of a good document by new, and so breaks rule.
type mutation struct {
	old, new string
	rule     string // the rule, or a part of it that no other rule has
}

// run checks that each mutated document breaks its rule and no other.
func run(t *testing.T, doc string, check func([]byte) []Violation, mutations []mutation) {
	t.Helper()
	for _, m := range mutations {
		t.Run(m.rule, func(t *testing.T) {
			if !strings.Contains(doc, m.old) {
				t.Fatalf("the good document lacks %q", m.old)
			}
			found := check([]byte(strings.Replace(doc, m.old, m.new, 1)))
			if len(found) == 0 {
				t.Errorf("%q for %q: no violation, want one of %q", m.new, m.old, m.rule)
			}
			for _, v := range found {
				if !strings.Contains(v.Rule, m.rule) || v.Rule != found[0].Rule {
					t.Errorf("%q for %q: %v\nwant only %q", m.new, m.old, v, m.rule)
				}
			}
		})
	}
}
