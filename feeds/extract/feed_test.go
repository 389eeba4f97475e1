package extract

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gomtin/feeds"
)

var testSource = feeds.Source{ID: 7, Kind: feeds.KindFeed, FullText: true, Department: feeds.Department{ID: "so-y-te"}}

const feedURL = "http://syt.example.vn/vi/news/rss/"

// readTestFeed reads body as the feed of [testSource] and stops the test if it
// can't be read at all.
func readTestFeed(t *testing.T, body string) *Document {
	t.Helper()
	doc, err := Read(testSource, &feeds.Page{URL: feedURL, Body: []byte(body)})
	if err != nil {
		t.Fatalf("Read: %v\n%s", err, body)
	}
	return doc
}

// oneArticle reads body as a feed of one article.
func oneArticle(t *testing.T, body string) feeds.Article {
	t.Helper()
	doc := readTestFeed(t, body)
	if len(doc.Articles) != 1 {
		t.Fatalf("read %d articles, want 1\n%s", len(doc.Articles), body)
	}
	return doc.Articles[0]
}

// rss wraps items, or a channel's other elements, in an RSS 2.0 document.
func rss(parts ...string) string {
	return `<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" ` +
		`xmlns:media="http://search.yahoo.com/mrss/" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>` +
		`<title>Sở Y tế</title><link>http://syt.example.vn/</link>` + strings.Join(parts, "") + `</channel></rss>`
}

// titles returns the articles' titles, one a line.
func titles(doc *Document) string {
	var all []string
	for _, a := range doc.Articles {
		all = append(all, a.Title)
	}
	return strings.Join(all, "\n")
}

// inVietnam formats t for a failure's text: "" is the zero time.
func inVietnam(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(vietnamTime).Format("2006-01-02 15:04:05")
}

// TestReadEveryFormat tells the same two articles in each format.
func TestReadEveryFormat(t *testing.T) {
	tests := []struct{ name, body string }{
		{"RSS 2.0", rss(`<description>Tin của ngành</description><language>vi</language>` +
			`<item><title>Mở lớp sơ cứu</title><link>http://syt.example.vn/a-1.html</link><guid isPermaLink="false">tin-1</guid>` +
			`<pubDate>Tue, 15 Sep 2026 09:02:15 +0700</pubDate><dc:creator>Lê Bình</dc:creator><category>Tập huấn</category>` +
			`<description>Lớp dành cho &lt;b&gt;trạm y tế&lt;/b&gt;.</description></item>` +
			`<item><title>Lịch trực</title><link>http://syt.example.vn/a-2.html</link><guid isPermaLink="false">tin-2</guid>` +
			`<pubDate>Tue, 15 Sep 2026 09:02:15 +0700</pubDate><dc:creator>Lê Bình</dc:creator><category>Tập huấn</category>` +
			`<description>Lớp dành cho &lt;b&gt;trạm y tế&lt;/b&gt;.</description></item>`)},
		{"RDF 1.0", `<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">` +
			`<channel rdf:about="http://syt.example.vn/"><title>Sở Y tế</title><link>http://syt.example.vn/</link><description>Tin của ngành</description><dc:language>vi</dc:language>` +
			`<items><rdf:Seq><rdf:li rdf:resource="http://syt.example.vn/a-1.html"/><rdf:li rdf:resource="http://syt.example.vn/a-2.html"/></rdf:Seq></items></channel>` +
			`<item rdf:about="http://syt.example.vn/a-1.html"><title>Mở lớp sơ cứu</title><link>http://syt.example.vn/a-1.html</link><dc:date>2026-09-15T09:02:15+07:00</dc:date>` +
			`<dc:creator>Lê Bình</dc:creator><dc:subject>Tập huấn</dc:subject><description>Lớp dành cho &lt;b&gt;trạm y tế&lt;/b&gt;.</description></item>` +
			`<item rdf:about="http://syt.example.vn/a-2.html"><title>Lịch trực</title><link>http://syt.example.vn/a-2.html</link><dc:date>2026-09-15T09:02:15+07:00</dc:date>` +
			`<dc:creator>Lê Bình</dc:creator><dc:subject>Tập huấn</dc:subject><description>Lớp dành cho &lt;b&gt;trạm y tế&lt;/b&gt;.</description></item></rdf:RDF>`},
		{"Atom 1.0", `<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="vi"><title>Sở Y tế</title><subtitle>Tin của ngành</subtitle><id>urn:syt</id>` +
			`<link href="http://syt.example.vn/"/><updated>2026-09-15T09:02:15+07:00</updated>` +
			`<entry><title>Mở lớp sơ cứu</title><id>tin-1</id><link href="http://syt.example.vn/a-1.html"/><published>2026-09-15T09:02:15+07:00</published><updated>2026-09-16T00:00:00Z</updated>` +
			`<author><name>Lê Bình</name></author><category term="Tập huấn"/><content type="html">Lớp dành cho &lt;b&gt;trạm y tế&lt;/b&gt;.</content></entry>` +
			`<entry><title>Lịch trực</title><id>tin-2</id><link href="http://syt.example.vn/a-2.html"/><published>2026-09-15T02:02:15Z</published><updated>2026-09-16T00:00:00Z</updated>` +
			`<author><name>Lê Bình</name></author><category term="Tập huấn"/><content type="html">Lớp dành cho &lt;b&gt;trạm y tế&lt;/b&gt;.</content></entry></feed>`},
		{"JSON Feed 1.1", `{"version":"https://jsonfeed.org/version/1.1","title":"Sở Y tế","description":"Tin của ngành","home_page_url":"http://syt.example.vn/","language":"vi","items":[` +
			`{"id":"tin-1","url":"http://syt.example.vn/a-1.html","title":"Mở lớp sơ cứu","content_html":"Lớp dành cho <b>trạm y tế</b>.","date_published":"2026-09-15T09:02:15+07:00","authors":[{"name":"Lê Bình"}],"tags":["Tập huấn"]},` +
			`{"id":"tin-2","url":"http://syt.example.vn/a-2.html","title":"Lịch trực","content_html":"Lớp dành cho <b>trạm y tế</b>.","date_published":"2026-09-15T09:02:15+07:00","authors":[{"name":"Lê Bình"}],"tags":["Tập huấn"]}]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := readTestFeed(t, tt.body)
			if got, want := titles(doc), "Mở lớp sơ cứu\nLịch trực"; got != want {
				t.Fatalf("titles %q, want %q", got, want)
			}
			if doc.Title != "Sở Y tế" || doc.Link != "http://syt.example.vn/" || doc.Description != "Tin của ngành" || doc.Language != "vi" || doc.Lost != nil {
				t.Errorf("the document says title %q, link %q, description %q, language %q, lost %v", doc.Title, doc.Link, doc.Description, doc.Language, doc.Lost)
			}
			a := doc.Articles[1]
			got := fmt.Sprint(a.Link, "\n", inVietnam(a.Published), "\n", a.Author, "\n", a.Section, "\n", a.Content, "\n", a.Summary)
			want := "http://syt.example.vn/a-2.html\n2026-09-15 09:02:15\nLê Bình\nTập huấn\nLớp dành cho <b>trạm y tế</b>.\nLớp dành cho trạm y tế."
			if got != want {
				t.Errorf("the second article is\n%s\nwant\n%s", got, want)
			}
			if a.Department != "so-y-te" || a.Source != 7 || a.Listed == "" || a.Listed == doc.Articles[0].Listed {
				t.Errorf("department %q, source %d, listed %q (the other's %q)", a.Department, a.Source, a.Listed, doc.Articles[0].Listed)
			}
			if tt.name != "RDF 1.0" && a.GUID != "tin-2" {
				t.Errorf("GUID %q, want tin-2", a.GUID)
			}
		})
	}
}

func TestFeedTitles(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"escaped twice", `Ng&amp;#224;y h&amp;#7897;i &amp;amp; hi&amp;#7871;n m&amp;#225;u`, "Ngày hội & hiến máu"},
		{"named references inside CDATA", `<![CDATA[Th&ocirc;ng b&aacute;o]]>`, "Thông báo"},
		{"NukeViet's references", `T&#7853;p hu&#7845;n &#40;đợt 2&#41;&#x3A; đăng ký`, "Tập huấn (đợt 2): đăng ký"},
		{"an apostrophe escaped twice", `Bệnh viện &amp;apos;xanh&amp;apos;`, "Bệnh viện 'xanh'"},
		{"padded and broken over lines", "\n\t Thông báo\r\n  tuyển dụng \n", "Thông báo tuyển dụng"},
		{"markup in a title", `<![CDATA[<b>Tin</b> <i>vui</i>]]>`, "Tin vui"},
		{"decomposed letters", "Vie\u0323\u0302t Nam", "Việt Nam"},
		{"an Icelandic letter for ours", "\u00d0iều dưỡng", "Điều dưỡng"},
		{"an ampersand that is none of a reference", `<![CDATA[Q&A: hỏi & đáp]]>`, "Q&A: hỏi & đáp"},
		{"a smaller-than sign", `Trẻ &lt; 5 tuổi được tiêm`, "Trẻ < 5 tuổi được tiêm"},
		{"no title takes the text", ``, "Trạm y tế mở cửa cả ngày nghỉ."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := oneArticle(t, rss(`<item><title>`+tt.in+`</title><link>/1</link><description>Trạm y tế mở cửa cả ngày nghỉ.</description></item>`))
			if a.Title != tt.want {
				t.Errorf("title %q is read as %q, want %q", tt.in, a.Title, tt.want)
			}
		})
	}
}

func TestFeedLinks(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"CDATA padded with newlines", "<link>\n  <![CDATA[\n http://syt.example.vn/tin-1.html \n]]>\n</link>", "http://syt.example.vn/tin-1.html"},
		{"relative to the host", `<link>/vi/tin-1.html</link>`, "http://syt.example.vn/vi/tin-1.html"},
		{"relative to the feed", `<link>../tin-1.html</link>`, "http://syt.example.vn/vi/news/tin-1.html"},
		{"without a scheme", `<link>//syt.example.vn/tin-1.html</link>`, "http://syt.example.vn/tin-1.html"},
		{"a scheme with one slash", `<link>http:/syt.example.vn/tin-1.html</link>`, "http://syt.example.vn/tin-1.html"},
		{"a scheme with three slashes", `<link>https:///syt.example.vn/tin-1.html</link>`, "https://syt.example.vn/tin-1.html"},
		{"tracking parameters", `<link>http://syt.example.vn/x?utm_source=rss&amp;id=7&amp;UTM_Medium=feed&amp;fbclid=1</link>`, "http://syt.example.vn/x?id=7"},
		{"only tracking parameters", `<link>http://syt.example.vn/x?utm_campaign=a</link>`, "http://syt.example.vn/x"},
		{"other parameters in their order", `<link>http://syt.example.vn/?nv=news&amp;op=b&amp;a=1</link>`, "http://syt.example.vn/?nv=news&op=b&a=1"},
		{"a host in capitals", `<link>HTTP://SYT.Example.vn/Tin</link>`, "http://syt.example.vn/Tin"},
		{"spaces within", `<link>http://syt.example.vn/tin so 1.html</link>`, "http://syt.example.vn/tin%20so%201.html"},
		{"a name and password", `<link>http://u:p@syt.example.vn/x</link>`, "http://syt.example.vn/x"},
		{"no link but a guid that is one", `<guid>http://syt.example.vn/tin-9.html</guid>`, "http://syt.example.vn/tin-9.html"},
		{"no link at all", `<guid isPermaLink="false">tin-9</guid>`, ""},
		{"an address that acts", `<link>javascript:alert(1)</link>`, ""},
		{"a file", `<link>file:///etc/passwd</link>`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if a := oneArticle(t, rss(`<item><title>Tin</title>`+tt.in+`</item>`)); a.Link != tt.want {
				t.Errorf("%s is read as %q, want %q", tt.in, a.Link, tt.want)
			}
		})
	}
}

func TestFeedGUIDs(t *testing.T) {
	n := 0
	item := func(guid string) string { n++; return fmt.Sprintf(`<item><title>Tin %d</title>%s</item>`, n, guid) }
	tests := []struct {
		name  string
		items []string
		want  string
	}{
		{"each its own", []string{item(`<guid>a</guid>`), item(`<guid>b</guid>`)}, "a,b"},
		{"none", []string{item(``), item(``)}, ","},
		{"one for all tells nothing apart", []string{item(`<guid>0</guid>`), item(`<guid>0</guid>`), item(`<guid>c</guid>`)}, ",,c"},
		{"padded inside CDATA", []string{item("<guid isPermaLink=\"false\">\n  <![CDATA[news_5]]>\n </guid>")}, "news_5"},
		{"repeated but for the padding", []string{item(`<guid>a</guid>`), item("<guid>\na </guid>")}, ","},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, a := range readTestFeed(t, rss(tt.items...)).Articles {
				got = append(got, a.GUID)
			}
			if s := strings.Join(got, ","); s != tt.want {
				t.Errorf("GUIDs %q, want %q", s, tt.want)
			}
		})
	}
}

func TestFeedTimes(t *testing.T) {
	item := func(at string) string { return `<item><title>Tin</title><pubDate>` + at + `</pubDate></item>` }
	entry := func(times string) string {
		return `<feed xmlns="http://www.w3.org/2005/Atom"><title>Sở Y tế</title><entry><title>Một</title><id>1</id>` + times + `</entry></feed>`
	}
	const nuke = "<generator>\n<![CDATA[NukeViet v4.5]]>\n</generator>"
	tests := []struct{ name, body, published, updated string }{
		{"NukeViet's minutes are months: the hour stays", rss(nuke, item("Fri, 22 Sep 2023 09:09:07 GMT"), item("Sat, 7 Oct 2023 03:10:59 GMT")), "2023-09-22 16:00:00", ""},
		{"NukeViet mended: one minute that is no month", rss(nuke, item("Fri, 22 Sep 2023 09:09:07 GMT"), item("Sat, 7 Oct 2023 03:47:59 GMT")), "2023-09-22 16:09:07", ""},
		{"NukeViet's month is Greenwich's", rss(nuke, item("Sat, 30 Sep 2023 20:09:00 GMT")), "2023-10-01 03:00:00", ""},
		{"another generator's minutes stay", rss(`<generator>WordPress</generator>`, item("Fri, 22 Sep 2023 09:09:07 GMT")), "2023-09-22 16:09:07", ""},
		{"no generator's minutes stay", rss(item("Fri, 22 Sep 2023 09:09:07 GMT")), "2023-09-22 16:09:07", ""},
		{"GMT+7 is not Greenwich", rss(item("<![CDATA[Tue, 15 Sep 2026 09:02:15 GMT+7]]>")), "2026-09-15 09:02:15", ""},
		{".NET writes the month first", rss(item("9/14/2026 6:44:00\u202fPM")), "2026-09-14 18:44:00", ""},
		{"a date alone", rss(item("08/09/2018 (GMT+7)")), "2018-09-08 00:00:00", ""},
		{"a date to come is passed on as it says", rss(item("Thu, 01 Jan 2099 08:00:00 +0700")), "2099-01-01 08:00:00", ""},
		{"no date", rss(`<item><title>Tin</title></item>`), "", ""},
		{"a date that is none", rss(item("hôm nay")), "", ""},
		{"Dublin Core's date", rss(`<item><title>Tin</title><dc:date>2026-09-15T09:02:15+07:00</dc:date></item>`), "2026-09-15 09:02:15", ""},
		{"Atom with updated only", entry(`<updated>2026-09-15T09:02:15+07:00</updated>`), "", "2026-09-15 09:02:15"},
		{"Atom with both", entry(`<published>2026-09-14T08:00:00+07:00</published><updated>2026-09-15T09:02:15+07:00</updated>`), "2026-09-14 08:00:00", "2026-09-15 09:02:15"},
		{"JSON Feed with date_modified only", `{"version":"https://jsonfeed.org/version/1.1","title":"x","items":[{"id":"1","title":"Tin","date_modified":"2026-09-15T02:02:15Z"}]}`, "", "2026-09-15 09:02:15"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := readTestFeed(t, tt.body).Articles[0]
			if got := inVietnam(a.Published); got != tt.published {
				t.Errorf("Published %q, want %q", got, tt.published)
			}
			if got := inVietnam(a.Updated); got != tt.updated {
				t.Errorf("Updated %q, want %q", got, tt.updated)
			}
		})
	}
}

func TestFeedAuthors(t *testing.T) {
	atom := func(authors string) string {
		return `<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><entry><title>Tin</title><id>1</id>` + authors + `</entry></feed>`
	}
	tests := []struct{ name, body, want string }{
		{"RSS: address and name", rss(`<item><title>Tin</title><author>toasoan@syt.example.vn (Kim Loan)</author></item>`), "Kim Loan"},
		{"RSS: name and address", rss(`<item><title>Tin</title><author>Kim Loan &lt;toasoan@syt.example.vn&gt;</author></item>`), "Kim Loan"},
		{"RSS: an address is no name", rss(`<item><title>Tin</title><author>toasoan@syt.example.vn</author></item>`), ""},
		{"RSS: a name alone", rss(`<item><title>Tin</title><author> Kim  Loan </author></item>`), "Kim Loan"},
		{"Dublin Core", rss(`<item><title>Tin</title><dc:creator><![CDATA[Kim Loan]]></dc:creator></item>`), "Kim Loan"},
		{"Dublin Core: two authors", rss(`<item><title>Tin</title><dc:creator>Kim Loan</dc:creator><dc:creator>Lê Bình</dc:creator></item>`), "Kim Loan, Lê Bình"},
		{"Dublin Core: a name with a remark", rss(`<item><title>Tin</title><dc:creator>Kim Loan (tổng hợp)</dc:creator></item>`), "Kim Loan (tổng hợp)"},
		{"Dublin Core: an address", rss(`<item><title>Tin</title><dc:creator>loan@syt.example.vn</dc:creator></item>`), ""},
		{"Atom: two authors", atom(`<author><name>Kim Loan</name></author><author><name>Lê Bình</name><email>b@syt.example.vn</email></author>`), "Kim Loan, Lê Bình"},
		{"Atom: an address for a name", atom(`<author><name>admin@syt.example.vn</name></author>`), ""},
		{"nobody", rss(`<item><title>Tin</title></item>`), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if a := oneArticle(t, tt.body); a.Author != tt.want {
				t.Errorf("Author %q, want %q", a.Author, tt.want)
			}
		})
	}
}

func TestFeedMedia(t *testing.T) {
	tests := []struct{ name, item, image, files string }{
		{"a document", `<enclosure url="/ke-hoach.pdf" type="application/pdf" length="1200"/>`, "", "http://syt.example.vn/ke-hoach.pdf application/pdf 1200"},
		{"a document without type or length", `<enclosure url="/bieu-mau.DOCX?v=2"/>`, "", "http://syt.example.vn/bieu-mau.DOCX?v=2 application/vnd.openxmlformats-officedocument.wordprocessingml.document 0"},
		{"a length that is none", `<enclosure url="/a.mp3" type="audio/mpeg" length="-5 KB"/>`, "", "http://syt.example.vn/a.mp3 audio/mpeg 0"},
		{"a picture is no attachment", `<enclosure url="/anh.jpg" type="image/jpeg" length="9"/>`, "http://syt.example.vn/anh.jpg", ""},
		{"a picture told by its name", `<enclosure url="/anh.PNG?x=1"/>`, "http://syt.example.vn/anh.PNG?x=1", ""},
		{"a thumbnail", `<media:thumbnail url="//cdn.example.vn/nho.jpg" width="120" height="80"/>`, "http://cdn.example.vn/nho.jpg", ""},
		{"a picture as media", `<media:content url="/to.webp" medium="image"/><media:thumbnail url="/nho.jpg"/>`, "http://syt.example.vn/to.webp", ""},
		{"the first picture of the text", `<description>&lt;p&gt;Tin&lt;/p&gt;&lt;img src="/trong-bai.jpg"&gt;</description>`, "http://syt.example.vn/trong-bai.jpg", ""},
		{"an attachment that acts", `<enclosure url="javascript:x()" type="application/pdf"/>`, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := oneArticle(t, rss(`<item><title>Tin</title><link>/tin/1.html</link>`+tt.item+`</item>`))
			if a.Image.URL != tt.image {
				t.Errorf("image %q, want %q", a.Image.URL, tt.image)
			}
			var files []string
			for _, f := range a.Enclosures {
				files = append(files, fmt.Sprint(f.URL, " ", f.Type, " ", f.Length))
			}
			if got := strings.Join(files, "\n"); got != tt.files {
				t.Errorf("files %q, want %q", got, tt.files)
			}
		})
	}
}
