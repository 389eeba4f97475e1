package publish

import (
	"io"

	gorilla "github.com/gorilla/feeds"

	"gomtin/feeds"
)

type atomFeed struct {
	*gorilla.AtomFeed
	Media     string        `xml:"xmlns:media,attr"`
	Lang      string        `xml:"xml:lang,attr"`
	Generator atomGenerator `xml:"generator"`
	Links     []atomLink    `xml:"link"`
	Link      *struct{}     `xml:"-"` // gorilla's one link
	Entries   []*atomEntry  `xml:"entry"`
}

// FeedXml is what [gorilla.WriteXML] asks for.
func (f *atomFeed) FeedXml() any { return f }

type atomGenerator struct {
	Name string `xml:",chardata"`
}

type atomLink struct {
	Rel    string `xml:"rel,attr"`
	Type   string `xml:"type,attr,omitempty"`
	Href   string `xml:"href,attr"`
	Title  string `xml:"title,attr,omitempty"`
	Length int64  `xml:"length,attr,omitempty"`
}

type atomEntry struct {
	*gorilla.AtomEntry
	Lang       string         `xml:"xml:lang,attr,omitempty"`
	Links      []atomLink     `xml:"link"`
	Published  string         `xml:"published"`
	Categories []atomCategory `xml:"category"`
	Summary    *atomText      `xml:"summary"`
	Source     atomSource     `xml:"source"`
	Media      *mediaContent  `xml:"media:content"`
}

type atomText struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

type atomCategory struct {
	Term   string `xml:"term,attr"`
	Scheme string `xml:"scheme,attr"`
	Label  string `xml:"label,attr"`
}

// An atomSource says where an entry comes from (RFC 4287, 4.2.11).
type atomSource struct {
	ID      string     `xml:"id"`
	Title   string     `xml:"title"`
	Updated string     `xml:"updated"`
	Rights  string     `xml:"rights,omitempty"`
	Links   []atomLink `xml:"link"`
}

const rfc3339 = "2006-01-02T15:04:05Z07:00"

func renderAtom(w io.Writer, d Document) error {
	f := &atomFeed{
		AtomFeed:  (&gorilla.Atom{Feed: d.gorilla()}).AtomFeed(),
		Media:     "http://search.yahoo.com/mrss/",
		Lang:      d.language(),
		Generator: atomGenerator{generator},
		Links: []atomLink{
			{Rel: "self", Type: "application/atom+xml", Href: d.url(d.Path + ".atom")},
			{Rel: "alternate", Type: "text/html", Href: d.url(d.Page)},
		},
	}
	f.Id = d.id() // gorilla puts the link here
	f.Author = &gorilla.AtomAuthor{AtomPerson: gorilla.AtomPerson{Name: d.Site.Title, Uri: d.url("/")}}
	if d.Hub != "" {
		f.Links = append(f.Links, atomLink{Rel: "hub", Href: d.url(d.Hub)})
	}
	for i, e := range f.AtomFeed.Entries {
		f.Entries = append(f.Entries, d.atomEntry(e, d.Stories[i]))
	}
	return gorilla.WriteXML(f, w)
}

func (d Document) atomEntry(e *gorilla.AtomEntry, s feeds.Story) *atomEntry {
	a := s.Lead
	e.Links, e.Summary = nil, nil // ours say more
	x := &atomEntry{
		AtomEntry: e,
		Links:     []atomLink{{Rel: "alternate", Type: "text/html", Href: d.link(a)}},
		Published: a.Published.In(d.zone()).Format(rfc3339),
		Source:    d.atomSource(a),
		Media:     leadImage(a),
	}
	if a.Language != d.language() {
		x.Lang = a.Language
	}
	if a.Summary != "" {
		x.Summary = &atomText{Type: "text", Text: a.Summary}
	}
	for _, t := range d.topics(a) {
		x.Categories = append(x.Categories, atomCategory{Term: string(t.ID), Scheme: d.scheme(), Label: t.Title})
	}
	for _, enc := range a.Enclosures {
		x.Links = append(x.Links, atomLink{Rel: "enclosure", Type: enc.Type, Href: enc.URL, Title: enc.Title, Length: enc.Length})
	}
	for _, o := range s.Others {
		x.Links = append(x.Links, atomLink{Rel: "related", Type: "text/html", Href: d.link(o), Title: d.department(o).Name})
	}
	return x
}

func (d Document) atomSource(a feeds.Article) atomSource {
	dep := d.department(a)
	s := atomSource{
		ID:      d.source(a),
		Title:   dep.Name,
		Updated: a.Updated.In(d.zone()).Format(rfc3339),
		Rights:  d.Site.Rights,
		Links:   []atomLink{{Rel: "alternate", Type: "text/html", Href: dep.Home}},
	}
	if at := d.source(a); at != dep.Home {
		s.Links = append(s.Links, atomLink{Rel: "self", Href: at})
	}
	return s
}
