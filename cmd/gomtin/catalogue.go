package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
	"golang.org/x/text/language"

	"gomtin/feeds"
	"gomtin/feeds/curate"
	"gomtin/feeds/extract"
	"gomtin/feeds/serve"
	"gomtin/storage"
)

// The catalogue file, as PRODUCT's readers write it.
type (
	catalogueFile struct {
		Site        feeds.Site                   `yaml:"site"`
		Departments []catalogueDepartment        `yaml:"departments"`
		Topics      map[feeds.TopicID]topicPatch `yaml:"topics"`
	}
	catalogueDepartment struct {
		ID      feeds.DepartmentID `yaml:"id"`
		Name    string             `yaml:"name"`
		Home    string             `yaml:"home"`
		Topics  []feeds.TopicID    `yaml:"topics"`
		Sources []catalogueSource  `yaml:"sources"`
	}
	catalogueSource struct {
		Feed     string `yaml:"feed"`
		List     string `yaml:"list"`
		CMS      cms    `yaml:"cms"`
		FullText bool   `yaml:"full_text"`
		Charset  string `yaml:"charset"`
		CAFile   string `yaml:"ca_file"`
	}
	// A topicPatch changes a built-in topic or adds one; see [curate.Merge].
	topicPatch struct {
		Title       string           `yaml:"title" json:"title,omitempty"`
		Description string           `yaml:"description" json:"description,omitempty"`
		Phrases     map[int][]string `yaml:"phrases" json:"phrases,omitempty"`
		Not         []string         `yaml:"not" json:"not,omitempty"`
	}
	// A cms is the name of a system, or selectors for one that has none.
	cms struct {
		name   string
		recipe feeds.Recipe
	}
)

func (c *cms) UnmarshalYAML(unmarshal func(any) error) error {
	if err := unmarshal(&c.name); err == nil {
		return nil
	}
	c.name = ""
	return unmarshal(&c.recipe)
}

// readCatalogue reads and checks a catalogue file. An error names file, line and
// the mend; nothing has been changed then.
func readCatalogue(file string) (storage.Catalogue, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return storage.Catalogue{}, fmt.Errorf("catalogue %w", err)
	}
	return parseCatalogue(file, data)
}

func parseCatalogue(file string, data []byte) (storage.Catalogue, error) {
	doc, err := parser.ParseBytes(data, 0)
	if err == nil && len(doc.Docs) > 1 {
		err = fmt.Errorf("the file holds %d documents: a catalogue is one, without lines of ---", len(doc.Docs))
	}
	if err != nil {
		return storage.Catalogue{}, fmt.Errorf("%s:%w", file, yamlError(doc, err))
	}
	var f catalogueFile
	if err := yaml.UnmarshalWithOptions(data, &f, yaml.Strict()); err != nil {
		return storage.Catalogue{}, fmt.Errorf("%s:%w", file, yamlError(doc, err))
	}
	c, err := f.check(filepath.Dir(file))
	if bad, ok := errors.AsType[*badValue](err); ok {
		return c, fmt.Errorf("%s:%d: %w", file, lineOf(doc, bad.path), bad.err)
	}
	return c, err
}

// A badValue is a mistake at a place in the file.
type badValue struct {
	path string // of goccy/go-yaml: "$.departments[0].id"
	err  error
}

func (b *badValue) Error() string { return b.err.Error() }

func bad(path, format string, args ...any) error {
	return &badValue{path, fmt.Errorf(format, args...)}
}

// lineOf returns the line of path in doc, or that of the nearest thing above it
// where path itself is missing.
func lineOf(doc *ast.File, path string) int {
	for path != "$" {
		if p, err := yaml.PathString(path); err == nil {
			if node, err := p.FilterFile(doc); err == nil && node != nil {
				return node.GetToken().Position.Line
			}
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 1)]
	}
	return 1
}

// yamlError puts an error of the parser into one line of text that begins with the
// line's number; for an unknown key it names the nearest that may stand there.
func yamlError(doc *ast.File, err error) error {
	e, ok := errors.AsType[yaml.Error](err)
	if !ok || e.GetToken() == nil {
		return fmt.Errorf(" %w", err)
	}
	text := e.GetMessage()
	if m := unknownField.FindStringSubmatch(text); m != nil {
		keys := keysAt(doc, e.GetToken())
		text = fmt.Sprintf("unknown key %q; the keys here are %s", m[1], strings.Join(keys, ", "))
		if near := nearest(m[1], keys); near != "" {
			text = fmt.Sprintf("unknown key %q; did you mean %q?", m[1], near)
		}
	}
	return fmt.Errorf("%d: %s", e.GetToken().Position.Line, text)
}

var unknownField = regexp.MustCompile(`unknown field "([^"]*)"`)

// places are the mappings of a catalogue by the form of their paths.
var places = []struct {
	path *regexp.Regexp
	v    any
}{
	{regexp.MustCompile(`^\$\.site\.`), feeds.Site{}},
	{regexp.MustCompile(`^\$\.departments\[\d+\]\.sources\[\d+\]\.cms\.`), feeds.Recipe{}},
	{regexp.MustCompile(`^\$\.departments\[\d+\]\.sources\[\d+\]\.`), catalogueSource{}},
	{regexp.MustCompile(`^\$\.departments\[\d+\]\.`), catalogueDepartment{}},
	{regexp.MustCompile(`^\$\.topics\..*\.`), topicPatch{}},
	{regexp.MustCompile(`^\$\.`), catalogueFile{}},
}

// keysAt returns the keys that may stand where the key at tok stands.
func keysAt(doc *ast.File, tok *token.Token) []string {
	path := "$."
	for _, d := range doc.Docs {
		ast.Walk(keyFinder{tok.Position.Offset, &path}, d)
	}
	for _, p := range places {
		if p.path.MatchString(path) {
			var keys []string
			for f := range reflect.TypeOf(p.v).Fields() {
				keys = append(keys, f.Tag.Get("yaml"))
			}
			return keys
		}
	}
	return nil
}

// A keyFinder looks for the path of the key at an offset.
type keyFinder struct {
	offset int
	path   *string
}

func (k keyFinder) Visit(n ast.Node) ast.Visitor {
	if v, ok := n.(*ast.MappingValueNode); ok && v.Key.GetToken().Position.Offset == k.offset {
		*k.path = v.Value.GetPath()
	}
	return k
}

// nearest returns the word that differs least from s, if it is near enough to be
// what was meant.
func nearest(s string, words []string) string {
	best, least := "", max(len(s)/2, 2)
	for _, w := range words {
		if d := distance(s, w); d < least || d == least && best == "" {
			best, least = w, d
		}
	}
	return best
}

// distance is how many letters must be changed, added, dropped or swapped with
// their neighbour (optimal string alignment).
func distance(a, b string) int {
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}

var tagForm = regexp.MustCompile(`^([\w-]+(\.[\w-]+)+|[\w.-]+@[\w-]+(\.[\w-]+)+),\d{4}(-\d\d(-\d\d)?)?$`) // RFC 4151, 2.1

// check makes the stored form of a file, or says what is wrong with it. Paths in
// it are relative to dir.
func (f catalogueFile) check(dir string) (storage.Catalogue, error) {
	c := storage.Catalogue{Site: f.Site}
	if err := checkSite(&c.Site); err != nil {
		return c, err
	}
	topics := make(map[feeds.TopicID]bool)
	var names []string
	for _, r := range curate.Merge(curate.BuiltIn(), f.rules()) {
		topics[r.ID] = true
		names = append(names, string(r.ID))
	}
	for id, t := range f.Topics {
		path := "$.topics." + string(id)
		if !feeds.ValidSlug(string(id)) {
			return c, bad(path, "topic %q: use small letters, digits and single hyphens", id)
		}
		for w := range t.Phrases {
			if w < 0 || w > 9 {
				return c, bad(path, "topic %s: weight %d is not between 0 and 9", id, w)
			}
		}
	}
	seen := make(map[feeds.DepartmentID]int)
	for i, d := range f.Departments {
		path := fmt.Sprintf("$.departments[%d]", i)
		switch first, twice := seen[d.ID]; {
		case !feeds.ValidSlug(string(d.ID)):
			return c, bad(path+".id", "department id %q: use small letters, digits and single hyphens, as in so-y-te", d.ID)
		case twice:
			return c, bad(path+".id", "department id %q is already that of department %d: give each its own", d.ID, first+1)
		case d.Name == "":
			return c, bad(path, "department %s has no name", d.ID)
		}
		seen[d.ID] = i
		for j, t := range d.Topics {
			if !topics[t] {
				return c, bad(fmt.Sprintf("%s.topics[%d]", path, j), "department %s: unknown topic %q%s", d.ID, t, hint(string(t), names))
			}
		}
		if err := f.checkSources(&c, path, d, dir); err != nil {
			return c, err
		}
	}
	data, err := json.Marshal(f.Topics)
	c.Topics = data
	return c, err
}

func hint(s string, words []string) string {
	if near := nearest(s, words); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

func checkSite(s *feeds.Site) error {
	if s.Title == "" {
		return bad("$.site", "site has no title")
	}
	if !isWeb(s.URL) {
		return bad("$.site.url", "site url %q: write the public address, as in https://tin.gialai.gov.vn", s.URL)
	}
	s.URL = strings.TrimRight(s.URL, "/")
	if !tagForm.MatchString(s.Tag) {
		return bad("$.site.tag", "site tag %q: write a domain and the year you had it, as in tin.gialai.gov.vn,2026; entry ids are built from it", s.Tag)
	}
	if s.Language == "" {
		s.Language = "vi"
	}
	if tag, err := language.Parse(s.Language); err != nil || tag.String() != s.Language {
		return bad("$.site.language", "site language %q is no language tag: write one as in vi or en-GB", s.Language)
	}
	if s.Timezone == "" {
		s.Timezone = "Asia/Ho_Chi_Minh"
	}
	if _, err := time.LoadLocation(s.Timezone); err != nil {
		return bad("$.site.timezone", "site timezone %q is not known: write an IANA name, as in Asia/Ho_Chi_Minh", s.Timezone)
	}
	return nil
}

func isWeb(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// checkSources adds a department and its sources to c. A department that names
// none is read from its home page as a list.
func (f catalogueFile) checkSources(c *storage.Catalogue, path string, d catalogueDepartment, dir string) error {
	if d.Home != "" && !isWeb(d.Home) {
		return bad(path+".home", "department %s: home %q is not a web address", d.ID, d.Home)
	}
	department := feeds.Department{ID: d.ID, Name: d.Name, Home: d.Home, Topics: d.Topics}
	if len(d.Sources) == 0 {
		if d.Home == "" {
			return bad(path, "department %s has neither home nor sources: name one", d.ID)
		}
		d.Sources = []catalogueSource{{List: d.Home}}
	}
	if department.Home == "" {
		u, err := url.Parse(d.Sources[0].Feed + d.Sources[0].List)
		if err == nil {
			department.Home = u.Scheme + "://" + u.Host + "/"
		}
	}
	c.Departments = append(c.Departments, department)
	seen := make(map[string]bool)
	for i, s := range d.Sources {
		at := fmt.Sprintf("%s.sources[%d]", path, i)
		src := feeds.Source{Department: department, Kind: feeds.KindFeed, URL: s.Feed, CMS: s.CMS.name, Recipe: s.CMS.recipe, FullText: s.FullText, Charset: s.Charset}
		if s.List != "" {
			src.Kind, src.URL = feeds.KindList, s.List
		}
		switch {
		case (s.Feed == "") == (s.List == ""):
			return bad(at, "department %s: a source is either feed: ADDRESS or list: ADDRESS", d.ID)
		case !isWeb(src.URL):
			return bad(at, "department %s: source %q is not a web address", d.ID, src.URL)
		case seen[src.URL]:
			return bad(at, "department %s: source %s is there twice", d.ID, src.URL)
		case s.CMS.name != "" && s.CMS.name != "auto" && !slices.Contains(extract.Profiles(), s.CMS.name):
			return bad(at+".cms", "department %s: unknown cms %q: write auto, %s, or selectors", d.ID, s.CMS.name, strings.Join(extract.Profiles(), ", "))
		}
		if err := extract.CheckRecipe(s.CMS.recipe); err != nil {
			return bad(at+".cms", "department %s: %w", d.ID, err)
		}
		if s.CAFile != "" {
			src.CAFile = s.CAFile
			if !filepath.IsAbs(src.CAFile) {
				abs, err := filepath.Abs(filepath.Join(dir, s.CAFile))
				if err != nil {
					return bad(at+".ca_file", "department %s: %w", d.ID, err)
				}
				src.CAFile = abs
			}
		}
		seen[src.URL] = true
		c.Sources = append(c.Sources, src)
	}
	return nil
}

func (f catalogueFile) rules() map[feeds.TopicID]curate.Rule { return rulesOf(f.Topics) }

func rulesOf(patches map[feeds.TopicID]topicPatch) map[feeds.TopicID]curate.Rule {
	rules := make(map[feeds.TopicID]curate.Rule)
	for id, p := range patches {
		rules[id] = curate.Rule{ID: id, Title: p.Title, Description: p.Description, Phrases: p.Phrases, Not: p.Not}
	}
	return rules
}

// loadCatalogue reads what was applied last, and makes of it what polling and
// serving need.
func loadCatalogue(ctx context.Context, db *storage.DB) (*curate.Classifier, *serve.Catalogue, error) {
	c, err := db.Catalogue(ctx)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil, errors.New("the database has no catalogue yet: give --catalogue FILE, or run gomtin apply FILE first")
	} else if err != nil {
		return nil, nil, err
	}
	var patches map[feeds.TopicID]topicPatch
	if err := json.Unmarshal(c.Topics, &patches); err != nil {
		return nil, nil, fmt.Errorf("read the stored topics: %w", err)
	}
	rules := curate.Merge(curate.BuiltIn(), rulesOf(patches))
	sc := &serve.Catalogue{Site: c.Site, Departments: c.Departments, Former: c.Former, Sources: c.Addresses}
	for _, r := range rules {
		title := r.Title
		if title == "" {
			title = string(r.ID)
		}
		sc.Topics = append(sc.Topics, feeds.Topic{ID: r.ID, Title: title, Description: r.Description})
	}
	return curate.NewClassifier(rules), sc, nil
}
