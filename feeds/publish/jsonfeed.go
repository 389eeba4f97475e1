package publish

import (
	"encoding/json"
	"io"

	gorilla "github.com/gorilla/feeds"

	"gomtin/feeds"
)

type jsonFeed struct {
	*gorilla.JSONFeed
	Author *struct{}   `json:"author,omitempty"` // shadowed: deprecated in 1.1
	Items  []*jsonItem `json:"items"`            // gorilla leaves an empty list out
}

type jsonItem struct {
	*gorilla.JSONItem
	Author      *struct{}        `json:"author,omitempty"`
	Language    string           `json:"language,omitempty"`
	Image       string           `json:"image,omitempty"`
	Summary     string           `json:"summary,omitempty"`
	ContentText string           `json:"content_text,omitempty"`
	Attachments []jsonAttachment `json:"attachments,omitempty"`
	Gomtin      jsonExtension    `json:"_gomtin"`
}

type jsonAttachment struct {
	URL      string `json:"url"`
	MIMEType string `json:"mime_type"`
	Title    string `json:"title,omitempty"`
	Size     int64  `json:"size_in_bytes,omitempty"`
}

// A jsonExtension says what JSON Feed has no words for.
type jsonExtension struct {
	Department   feeds.DepartmentID `json:"department"`
	Publisher    string             `json:"publisher"`
	Home         string             `json:"home"`
	Source       string             `json:"source"`
	Revision     int                `json:"revision"`
	Topics       []feeds.TopicID    `json:"topics"`
	Numbers      []string           `json:"document_numbers,omitempty"`
	Related      []jsonRelated      `json:"related,omitempty"`
	ImageWidth   int                `json:"image_width,omitempty"`
	ImageHeight  int                `json:"image_height,omitempty"`
	ImageCaption string             `json:"image_alt,omitempty"`
}

type jsonRelated struct {
	URL       string `json:"url"`
	Publisher string `json:"publisher"`
}

func renderJSON(w io.Writer, d Document) error {
	f := &jsonFeed{JSONFeed: (&gorilla.JSON{Feed: d.gorilla()}).JSONFeed(), Items: []*jsonItem{}}
	f.Language = d.language()
	f.FeedUrl = d.url(d.Path + ".json")
	if d.Hub != "" {
		f.Hubs = []*gorilla.JSONHub{{Type: "WebSub", Url: d.url(d.Hub)}}
	}
	for i, item := range f.JSONFeed.Items {
		f.Items = append(f.Items, d.jsonItem(item, d.Stories[i]))
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(f)
}

func (d Document) jsonItem(item *gorilla.JSONItem, s feeds.Story) *jsonItem {
	a := s.Lead
	x := &jsonItem{JSONItem: item, Summary: a.Summary, Image: a.Image.URL, Gomtin: jsonExtension{
		Department: a.Department, Publisher: d.department(a).Name, Home: d.department(a).Home, Source: d.source(a),
		Revision: a.Revision, Topics: []feeds.TopicID{}, Numbers: a.Numbers,
		ImageWidth: a.Image.Width, ImageHeight: a.Image.Height, ImageCaption: a.Image.Alt,
	}}
	if a.Language != d.language() {
		x.Language = a.Language
	}
	if a.Content == "" {
		x.ContentText = a.Title // one of the two must be there
	}
	for _, t := range d.topics(a) {
		x.Tags = append(x.Tags, t.Title)
		x.Gomtin.Topics = append(x.Gomtin.Topics, t.ID)
	}
	for _, e := range a.Enclosures {
		x.Attachments = append(x.Attachments, jsonAttachment{URL: e.URL, MIMEType: e.Type, Title: e.Title, Size: e.Length})
	}
	for _, o := range s.Others {
		x.Gomtin.Related = append(x.Gomtin.Related, jsonRelated{URL: d.link(o), Publisher: d.department(o).Name})
	}
	return x
}
