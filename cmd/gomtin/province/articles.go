package province

import (
	"fmt"
	"html"
	"strconv"
	"strings"
	"time"

	"golang.org/x/tools/txtar"

	"gomtin/feeds"
	"gomtin/feeds/viet"
)

// An Article is one text of the sample province, as its author wrote it; each
// system sends it in its own way.
type Article struct {
	ID      int
	Title   string
	Author  string
	Section string
	Date    time.Time
	Lead    string
	Blocks  []Block
	Topics  []feeds.TopicID // the truth, best first; sites do not tell it
	Copy    string          // "syt/103" if another department published the same first

	site *Site
	path string // of its page; it stays when the title is corrected
}

// A Block is one paragraph, list item, picture or attached file.
type Block struct {
	Text    string
	Picture string // path
	File    string // path
	Item    bool
}

// Path is where the article's page is on its site.
func (a *Article) Path() string { return a.path }

// pathOf fills in the pattern of a system's addresses.
func pathOf(a *Article, pattern string) string {
	return strings.NewReplacer("{section}", viet.Slug(a.Section), "{slug}", viet.Slug(a.Title), "{id}", strconv.Itoa(a.ID)).Replace(pattern)
}

// Link is Path with the site's address.
func (a *Article) Link() string { return a.site.URL() + a.Path() }

// Picture is the path of the first picture; empty if there is none.
func (a *Article) Picture() string {
	for _, b := range a.Blocks {
		if b.Picture != "" {
			return b.Picture
		}
	}
	return ""
}

// Files are the attached ones.
func (a *Article) Files() []Block {
	var files []Block
	for _, b := range a.Blocks {
		if b.File != "" {
			files = append(files, b)
		}
	}
	return files
}

// body writes the text as plain HTML.
func body(a *Article) string {
	var b strings.Builder
	for _, p := range a.Blocks {
		text := html.EscapeString(p.Text)
		switch {
		case p.Picture != "":
			fmt.Fprintf(&b, `<figure><img src="%s" width="800" height="500" alt="%s"><figcaption>%s</figcaption></figure>`, p.Picture, text, text)
		case p.File != "":
			fmt.Fprintf(&b, `<p><a href="%s">%s</a></p>`, p.File, text)
		case p.Item:
			fmt.Fprintf(&b, `<ul><li>%s</li></ul>`, text)
		default:
			fmt.Fprintf(&b, `<p>%s</p>`, text)
		}
	}
	return b.String()
}

// readArticles reads one department's articles: those that are published at the
// start, those that come later, and the bulletin that is repeated for ever.
func readArticles(data []byte) (start, later []*Article, bulletin string, err error) {
	for _, f := range txtar.Parse(data).Files {
		text := string(f.Data)
		name, comesLater := strings.CutPrefix(f.Name, "later/")
		if name == "bulletin" {
			bulletin = text
			continue
		}
		a, err := readArticle(text)
		if err != nil {
			return nil, nil, "", fmt.Errorf("article %s: %w", f.Name, err)
		}
		if a.ID, err = strconv.Atoi(name); err != nil {
			return nil, nil, "", fmt.Errorf("article %s: the name is no number", f.Name)
		}
		if comesLater {
			later = append(later, a)
		} else {
			start = append(start, a)
		}
	}
	return start, later, bulletin, nil
}

func readArticle(text string) (*Article, error) {
	head, rest, ok := strings.Cut(text, "\n\n")
	if !ok {
		return nil, fmt.Errorf("no text below the header")
	}
	a := &Article{}
	for line := range strings.Lines(head) {
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch key {
		case "title":
			a.Title = value
		case "author":
			a.Author = value
		case "section":
			a.Section = value
		case "date":
			t, err := time.ParseInLocation("2006-01-02 15:04", value, zone)
			if err != nil {
				return nil, err
			}
			a.Date = t
		case "topics":
			for t := range strings.SplitSeq(value, ",") {
				a.Topics = append(a.Topics, feeds.TopicID(strings.TrimSpace(t)))
			}
		case "story":
			a.Copy = strings.TrimPrefix(value, "same-as ")
		default:
			return nil, fmt.Errorf("unknown header %q", key)
		}
	}
	for line := range strings.Lines(rest) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if a.Lead == "" {
			a.Lead = line
			continue
		}
		a.Blocks = append(a.Blocks, readBlock(line))
	}
	return a, nil
}

func readBlock(line string) Block {
	if rest, ok := strings.CutPrefix(line, "! "); ok {
		path, text, _ := strings.Cut(rest, "|")
		return Block{Picture: strings.TrimSpace(path), Text: strings.TrimSpace(text)}
	}
	if rest, ok := strings.CutPrefix(line, "+ "); ok {
		path, text, _ := strings.Cut(rest, "|")
		return Block{File: strings.TrimSpace(path), Text: strings.TrimSpace(text)}
	}
	if rest, ok := strings.CutPrefix(line, "* "); ok {
		return Block{Text: rest, Item: true}
	}
	return Block{Text: line}
}

// zone is the province's.
var zone = time.FixedZone("+07", 7*60*60)
