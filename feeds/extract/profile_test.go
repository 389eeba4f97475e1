package extract

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"gomtin/feeds"
)

func TestProfiles(t *testing.T) {
	if got, want := Profiles(), []string{"nukeviet", "vhv"}; !slices.Equal(got, want) {
		t.Errorf("Profiles = %q, want %q", got, want)
	}
	for _, p := range profiles {
		if err := CheckRecipe(p.Recipe); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		r := p.Recipe
		if len(p.Marks) == 0 || len(p.marks) != len(p.Marks) || r.Item == "" || r.Link == "" || r.Date == "" || r.Title == "" || r.Body == "" || r.Published == "" {
			t.Errorf("%s lacks marks or a selector that every system needs: %+v", p.Name, r)
		}
	}
}

func TestCheckRecipe(t *testing.T) {
	tests := []struct {
		name   string
		recipe feeds.Recipe
		want   string // in the error's text; empty: the recipe is good
	}{
		{"nothing set", feeds.Recipe{}, ""},
		{"good selectors", feeds.Recipe{Item: "article, .tin > li:nth-child(2n)", Link: `a[href^="/"]`}, ""},
		{"a bad item", feeds.Recipe{Item: "div["}, "selector item:"},
		{"a bad body behind good ones", feeds.Recipe{Item: "li", Body: "..x"}, "selector body:"},
		{"a bad part of a group", feeds.Recipe{Remove: ".a, >"}, "selector remove:"},
		{"a date format for a selector", feeds.Recipe{Published: "02/01/2006"}, "selector published:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			switch err := CheckRecipe(tt.recipe); {
			case tt.want == "" && err != nil:
				t.Errorf("CheckRecipe: %v, want no error", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("CheckRecipe: %v, want an error that says %q", err, tt.want)
			}
		})
	}
}

func TestRecipeFor(t *testing.T) {
	recipes := make(map[feeds.Recipe]string)
	for _, p := range profiles {
		recipes[p.Recipe] = p.Name
	}
	recipes[feeds.Recipe{Item: "li"}] = "own"
	recipes[feeds.Recipe{}] = "none"
	tests := []struct {
		name string
		src  feeds.Source
		body string
		want string
	}{
		{"VHV's list by its marks", feeds.Source{}, vhvPage("x", vhvRow(1, "Một", "15/09/2026", "")), "vhv"},
		{"VHV's article by its marks", feeds.Source{}, vhvArticle("<p>x</p>", "<p>y</p>"), "vhv"},
		{"auto is no name", feeds.Source{CMS: "auto"}, vhvArticle("<p>x</p>", "<p>y</p>"), "vhv"},
		{"NukeViet by its generator", feeds.Source{}, `<meta name="generator" content="NukeViet v4.5"><p>x</p>`, "nukeviet"},
		{"NukeViet by its body", feeds.Source{}, `<div id="news-bodyhtml">x</div>`, "nukeviet"},
		{"another generator", feeds.Source{}, `<meta name="generator" content="WordPress 6">`, "none"},
		{"an unknown page", feeds.Source{}, unknownList, "none"},
		{"the name beats the marks", feeds.Source{CMS: "nukeviet"}, vhvPage("x", ""), "nukeviet"},
		{"the name beats the marks, later in the alphabet", feeds.Source{CMS: "vhv"}, nukeArticle, "vhv"},
		{"the catalogue's own beats all", feeds.Source{CMS: "vhv", Recipe: feeds.Recipe{Item: "li"}}, vhvPage("x", ""), "own"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root, err := html.Parse(strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if got := recipes[recipeFor(tt.src, root)]; got != tt.want {
				t.Errorf("recipeFor = %s, want %s", got, tt.want)
			}
		})
	}
}
