package extract

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"reflect"
	"slices"

	"github.com/andybalholm/cascadia"
	"github.com/goccy/go-yaml"
	"golang.org/x/net/html"

	"gomtin/feeds"
)

// A profile is what is known of one CMS: marks that tell its pages, each a CSS
// selector, and how to read them.
type profile struct {
	Name   string       `yaml:"name"`
	Marks  []string     `yaml:"marks"`
	Recipe feeds.Recipe `yaml:"recipe"`
	marks  []cascadia.Matcher
}

//go:embed profiles/*.yaml
var profileFiles embed.FS

// profiles are the built-in ones, by name. A bad one is a bug of ours and stops
// the program at start; a test reads them all.
var profiles = func() []profile {
	names, err := fs.Glob(profileFiles, "profiles/*.yaml")
	if err != nil {
		panic(err)
	}
	var all []profile
	for _, name := range names {
		data, err := profileFiles.ReadFile(name)
		if err != nil {
			panic(err)
		}
		var p profile
		if err := yaml.UnmarshalWithOptions(data, &p, yaml.Strict()); err != nil {
			panic(fmt.Sprintf("%s: %v", name, err))
		}
		if err := CheckRecipe(p.Recipe); err != nil {
			panic(fmt.Sprintf("%s: %v", name, err))
		}
		for _, mark := range p.Marks {
			p.marks = append(p.marks, cascadia.MustCompile(mark))
		}
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b profile) int { return cmp.Compare(a.Name, b.Name) })
	return all
}()

// Profiles returns the names that a source's cms may take.
func Profiles() []string {
	var names []string
	for _, p := range profiles {
		names = append(names, p.Name)
	}
	return names
}

// CheckRecipe compiles every selector of r: one that is wrong would match
// nothing, silently. The error names the field.
func CheckRecipe(r feeds.Recipe) error {
	v := reflect.ValueOf(r)
	for i := range v.NumField() {
		if s := v.Field(i).String(); s != "" {
			if _, err := cascadia.ParseGroup(s); err != nil {
				return fmt.Errorf("selector %s: %q: %w", v.Type().Field(i).Tag.Get("yaml"), s, err)
			}
		}
	}
	return nil
}

// recipeFor returns the selectors that read this page: the source's own, else
// those of the CMS that the source names or the page shows by the most marks.
// The zero recipe means that the page must be read by its structure alone.
func recipeFor(src feeds.Source, root *html.Node) feeds.Recipe {
	if !src.Recipe.IsZero() {
		return src.Recipe
	}
	var best feeds.Recipe
	most := 0
	for _, p := range profiles {
		if p.Name == src.CMS {
			return p.Recipe
		}
		marks := 0
		for _, m := range p.marks {
			if cascadia.Query(root, m) != nil {
				marks++
			}
		}
		if marks > most {
			best, most = p.Recipe, marks
		}
	}
	return best
}

// find returns the first element below n that selector matches, or nil. The
// selector has been checked.
func find(n *html.Node, selector string) *html.Node {
	if m := matcher(selector); m != nil {
		return cascadia.Query(n, m)
	}
	return nil
}

func findAll(n *html.Node, selector string) []*html.Node {
	if m := matcher(selector); m != nil {
		return cascadia.QueryAll(n, m)
	}
	return nil
}

func matcher(selector string) cascadia.Matcher {
	if selector == "" {
		return nil
	}
	group, err := cascadia.ParseGroup(selector)
	if err != nil {
		return nil // CheckRecipe has refused it where it came in
	}
	return group
}

// remove takes everything that selector matches out of the tree.
func remove(root *html.Node, selector string) {
	for _, n := range findAll(root, selector) {
		if n.Parent != nil {
			n.Parent.RemoveChild(n)
		}
	}
}
