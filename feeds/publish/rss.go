package publish

import (
	"encoding/xml"
	"fmt"
	"io"

	gorilla "github.com/gorilla/feeds"

	"gomtin/feeds"
)

// gorilla's types carry the document. A field here with the name of one of theirs
// stands in its place, since encoding/xml prefers the shallower one.

type rss struct {
	XMLName xml.Name    `xml:"rss"`
	Version string      `xml:"version,attr"`
	Content string      `xml:"xmlns:content,attr"`
	DC      string      `xml:"xmlns:dc,attr"`
	Atom    string      `xml:"xmlns:atom,attr"`
	Media   string      `xml:"xmlns:media,attr"`
	Channel *rssChannel `xml:"channel"`
}

// FeedXml is what [gorilla.WriteXML] asks for.
func (r *rss) FeedXml() any { return r }

type rssChannel struct {
	*gorilla.RssFeed
	Links []nsLink   `xml:"atom:link"`
	Items []*rssItem `xml:"item"`
}

type rssItem struct {
	*gorilla.RssItem
	Author     string        `xml:"author,omitempty"` // shadowed: it would have to be a mail address
	Creator    string        `xml:"dc:creator"`
	Publisher  string        `xml:"dc:publisher"`
	Categories []rssCategory `xml:"category"`
	Enclosure  *rssEnclosure `xml:"enclosure"`
	Source     rssSource     `xml:"source"`
	Media      *mediaContent `xml:"media:content"`
	Links      []nsLink      `xml:"atom:link"`
}

type rssCategory struct {
	Domain string `xml:"domain,attr"`
	Label  string `xml:",chardata"`
}

type rssEnclosure struct {
	URL    string `xml:"url,attr"`
	Length int64  `xml:"length,attr"` // 0 if unknown, as the RSS Profile asks
	Type   string `xml:"type,attr"`
}

type rssSource struct {
	URL  string `xml:"url,attr"`
	Name string `xml:",chardata"`
}

// A mediaContent is a lead picture (Media RSS 1.5.1).
type mediaContent struct {
	URL    string `xml:"url,attr"`
	Medium string `xml:"medium,attr"`
	Width  string `xml:"width,attr,omitempty"`
	Height string `xml:"height,attr,omitempty"`
	Alt    string `xml:"media:description,omitempty"`
}

// A nsLink is an atom:link in a document whose own namespace is another.
type nsLink struct {
	Rel   string `xml:"rel,attr"`
	Type  string `xml:"type,attr,omitempty"`
	Href  string `xml:"href,attr"`
	Title string `xml:"title,attr,omitempty"`
}

func renderRSS(w io.Writer, d Document) error {
	channel := &rssChannel{RssFeed: (&gorilla.Rss{Feed: d.gorilla()}).RssFeed()}
	channel.PubDate = ""
	channel.Language = d.language()
	channel.Generator = generator
	channel.Docs = "https://www.rssboard.org/rss-specification"
	channel.Ttl = 15
	channel.Links = []nsLink{{Rel: "self", Type: "application/rss+xml", Href: d.url(d.Path + ".rss")}}
	if d.Hub != "" {
		channel.Links = append(channel.Links, nsLink{Rel: "hub", Href: d.url(d.Hub)})
	}
	for i, item := range channel.RssFeed.Items {
		channel.Items = append(channel.Items, d.rssItem(item, d.Stories[i]))
	}
	return gorilla.WriteXML(&rss{
		Version: "2.0",
		Content: "http://purl.org/rss/1.0/modules/content/",
		DC:      "http://purl.org/dc/elements/1.1/",
		Atom:    "http://www.w3.org/2005/Atom",
		Media:   "http://search.yahoo.com/mrss/",
		Channel: channel,
	}, w)
}

func (d Document) rssItem(item *gorilla.RssItem, s feeds.Story) *rssItem {
	a := s.Lead
	x := &rssItem{
		RssItem:   item,
		Creator:   d.author(a),
		Publisher: d.department(a).Name,
		Source:    rssSource{URL: d.source(a), Name: d.department(a).Name},
		Media:     leadImage(a),
	}
	for _, t := range d.topics(a) {
		x.Categories = append(x.Categories, rssCategory{Domain: d.scheme(), Label: t.Title})
	}
	for i, e := range a.Enclosures {
		if i == 0 {
			x.Enclosure = &rssEnclosure{URL: e.URL, Length: e.Length, Type: e.Type}
			continue
		}
		x.Links = append(x.Links, nsLink{Rel: "enclosure", Type: e.Type, Href: e.URL, Title: e.Title})
	}
	for _, o := range s.Others {
		x.Links = append(x.Links, nsLink{Rel: "related", Type: "text/html", Href: d.link(o), Title: d.department(o).Name})
	}
	return x
}

// leadImage returns the picture that stands for an article, or nil.
func leadImage(a feeds.Article) *mediaContent {
	if a.Image.URL == "" {
		return nil
	}
	return &mediaContent{URL: a.Image.URL, Medium: "image", Width: dimension(a.Image.Width), Height: dimension(a.Image.Height), Alt: a.Image.Alt}
}

// opml is OPML 2.0 (opml.org/spec2.opml).
type opml struct {
	XMLName  xml.Name  `xml:"opml"`
	Version  string    `xml:"version,attr"`
	Title    string    `xml:"head>title"`
	Docs     string    `xml:"head>docs"`
	Outlines []outline `xml:"body>outline"`
}

type outline struct {
	Text     string    `xml:"text,attr"`
	Title    string    `xml:"title,attr,omitempty"`
	Type     string    `xml:"type,attr,omitempty"`
	XMLURL   string    `xml:"xmlUrl,attr,omitempty"`
	HTMLURL  string    `xml:"htmlUrl,attr,omitempty"`
	About    string    `xml:"description,attr,omitempty"`
	Language string    `xml:"language,attr,omitempty"`
	Version  string    `xml:"version,attr,omitempty"`
	Outlines []outline `xml:"outline"`
}

// OPML writes the list of all topics' and departments' feeds, for a reader to
// subscribe to at once.
func OPML(w io.Writer, site feeds.Site, topics []feeds.Topic, departments []feeds.Department) error {
	d := Document{Site: site}
	feed := func(path, title, about string) outline {
		return outline{Text: title, Title: title, Type: "rss", XMLURL: d.url(path + ".rss"), HTMLURL: d.url(path), About: about, Language: d.language(), Version: "RSS2"}
	}
	byTopic, byDepartment := outline{Text: "Chủ đề"}, outline{Text: "Đơn vị"}
	for _, t := range topics {
		byTopic.Outlines = append(byTopic.Outlines, feed("/topics/"+string(t.ID), t.Title, t.Description))
	}
	for _, dep := range departments {
		byDepartment.Outlines = append(byDepartment.Outlines, feed("/departments/"+string(dep.ID), dep.Name, ""))
	}
	doc := opml{Version: "2.0", Title: site.Title, Docs: "http://opml.org/spec2.opml"}
	for _, group := range []outline{byTopic, byDepartment} {
		if len(group.Outlines) > 0 {
			doc.Outlines = append(doc.Outlines, group)
		}
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(doc); err != nil {
		return fmt.Errorf("render feeds.opml: %w", err)
	}
	return e.Close()
}
