package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// floors says which floor of the house each package stands on: imports run
// downhill only. See docs/architecture.md.
var floors = map[string]int{
	"gomtin/feeds":                     0,
	"gomtin/feeds/viet":                0,
	"gomtin/feeds/fetch":               1,
	"gomtin/feeds/extract":             1,
	"gomtin/feeds/curate":              1,
	"gomtin/feeds/publish":             1,
	"gomtin/feeds/websub":              1,
	"gomtin/storage":                   1,
	"gomtin/feeds/poll":                2,
	"gomtin/feeds/serve":               2,
	"gomtin/storage/sqlite":            2,
	"gomtin/storage/postgres":          2,
	"gomtin/cmd/gomtin":                3,
	"gomtin/cmd/gomtin/province":       2, // the sample province: imports the vocabulary only
	"gomtin/feeds/publish/publishtest": 0, // tests only
	"gomtin/storage/storagetest":       2, // tests only
}

// doors says which package alone may import a library.
var doors = map[string][]string{
	"github.com/mmcdole/gofeed":     {"gomtin/feeds/extract"},
	"github.com/gorilla/feeds":      {"gomtin/feeds/publish"},
	"modernc.org/sqlite":            {"gomtin/storage/sqlite"},
	"github.com/jackc/pgx":          {"gomtin/storage/postgres"},
	"github.com/PuerkitoBio":        {"gomtin/feeds/extract"},
	"github.com/spf13/cobra":        {"gomtin/cmd/gomtin"},
	"code.dny.dev/ssrf":             {"gomtin/feeds/fetch"},
	"github.com/pressly/goose":      {"gomtin/storage", "gomtin/storage/sqlite", "gomtin/storage/postgres"},
	"github.com/microcosm-cc":       {"gomtin/feeds/extract"},
	"codeberg.org/readeck":          {"gomtin/feeds/extract"},
	"github.com/andybalholm":        {"gomtin/feeds/extract"},
	"gomtin/storage/storagetest":    {},
	"gomtin/feeds/publish/publish":  {},
	"gomtin/cmd/gomtin/province":    {"gomtin/cmd/gomtin"},
	"github.com/rogpeppe":           {},
	"github.com/google/go-cmp":      {"gomtin/storage/storagetest"},
	"github.com/prometheus/client_": {"gomtin/feeds/serve"},
}

type listedPackage struct {
	ImportPath string
	Imports    []string
}

func TestLayout(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "gomtin/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	found := make(map[string]bool)
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listedPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		found[p.ImportPath] = true
		floor, known := floors[p.ImportPath]
		if !known {
			t.Errorf("%s stands on no floor: give it one in this test and in docs/architecture.md", p.ImportPath)
		}
		for _, i := range p.Imports {
			if strings.HasPrefix(i, "gomtin/") && floors[i] >= floor && i != "gomtin/feeds" {
				t.Errorf("%s (floor %d) imports %s (floor %d): imports run downhill only", p.ImportPath, floor, i, floors[i])
			}
			for library, who := range doors {
				if strings.HasPrefix(i, library) && !slices.Contains(who, p.ImportPath) {
					t.Errorf("%s imports %s, which only %v may", p.ImportPath, i, who)
				}
			}
		}
	}
	for p := range floors {
		if !found[p] {
			t.Errorf("%s has a floor but does not exist", p)
		}
	}
}

var safeConversion = regexp.MustCompile(`\bSafeHTML\(`)

// TestSafeHTMLIsMadeBySanitizeOnly looks for conversions that would make unsafe
// markup look safe.
func TestSafeHTMLIsMadeBySanitizeOnly(t *testing.T) {
	walkSource(t, func(file, text string) {
		if strings.HasSuffix(file, "_test.go") || strings.Contains(file, "storagetest") || strings.HasSuffix(file, "extract/sanitize.go") {
			return
		}
		if at := safeConversion.FindStringIndex(text); at != nil {
			t.Errorf("%s converts to SafeHTML; only extract.Sanitize may make it", file)
		}
	})
}

// TestFilesAreReadable keeps files short and the tree free of grab bags.
func TestFilesAreReadable(t *testing.T) {
	walkSource(t, func(file, text string) {
		if n := strings.Count(text, "\n"); n > 600 {
			t.Errorf("%s has %d lines; split it by what changes together", file, n)
		}
		if name := filepath.Base(file); strings.HasPrefix(name, "util") || strings.HasPrefix(name, "helper") {
			t.Errorf("%s: name a file after what is in it", file)
		}
	})
}

func walkSource(t *testing.T, f func(file, text string)) {
	t.Helper()
	for _, top := range []string{"../../cmd", "../../feeds", "../../storage"} {
		err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
				return err
			}
			data, err := os.ReadFile(path)
			f(filepath.ToSlash(path), string(data))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
