package extract

import (
	"runtime"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"gomtin/feeds"
)

// three are the items that every document of [TestReadDamagedFeed] should give.
const three = `<item><title>Một</title><link>/1</link></item>` +
	`<item><title>Hai</title><link>/2</link></item>` +
	`<item><title>Ba</title><link>/3</link></item>`

// around puts damage into the second of three items.
func around(damage string) string {
	return rss(strings.Replace(three, `<link>/2</link>`, `<link>/2</link>`+damage, 1))
}

func TestReadDamagedFeed(t *testing.T) {
	whole := rss(three)
	noDeclaration := whole[strings.Index(whole, "<rss"):]
	atomEntries := `<entry><title>Một</title><id>1</id><updated>2026-09-15T01:00:00Z</updated></entry>` +
		`<entry><title>Hai</title><id>2</id><updated>2026-09-15T02:00:00Z</updated></entry><entry><title>Ba</title><id>3</id>`
	tests := []struct {
		name, body string
		want       string // titles
		lost       string // of what Lost says; empty: nothing is lost
	}{
		{"nothing is wrong", whole, "Một Hai Ba", ""},
		{"a byte order mark", "\ufeff" + whole, "Một Hai Ba", ""},
		{"blank lines before the declaration", "\r\n\r\n  " + whole, "Một Hai Ba", ""},
		{"no declaration", noDeclaration, "Một Hai Ba", ""},
		{"a message before the declaration", "Warning: Undefined index in /var/www/rss.php\n" + whole, "Một Hai Ba", ""},
		{"a message in HTML before the declaration", "<br />\n<b>Notice</b>: biến &amp; hằng <i>x</i> in <b>rss.php</b><br />\n" + whole, "Một Hai Ba", ""},
		{"a comment before the declaration", "<!-- bộ đệm 15/09/2026 -->\n" + whole, "Một Hai Ba", ""},
		{"a script before the root, no declaration", `<script>var a = 1 < 2 && "x";</script>` + noDeclaration, "Một Hai Ba", ""},
		{"text behind the root", whole + "\n<!-- sinh trong 0,2 giây --> xong", "Một Hai Ba", ""},
		{"characters that XML forbids", strings.ReplaceAll(whole, "Hai", "H\x01a\x0bi\x00\ufffe"), "Một Hai Ba", ""},
		{"references to characters that XML forbids", strings.ReplaceAll(whole, "Hai", "H&#11;a&#x1;i&#xFFFFFF;&#99999999;"), "Một Hai Ba", ""},
		{"bare ampersands", around(`<description>hỏi & đáp, R&D, a &b; c</description><category>H&M</category>`), "Một Hai Ba", ""},
		{"a bare ampersand in an address", strings.ReplaceAll(whole, "/2<", "/?id=2&cat=5<"), "Một Hai Ba", ""},
		{"HTML's own references", around(`<description>Ng&agrave;y&nbsp;h&#7897;i &copy; &hellip;</description>`), "Một Hai Ba", ""},
		{"misnested tags in a description", around(`<description><p>chữ <b>đậm</p></b></description>`), "Một Hai Ba", ""},
		{"a tag left open in a description", around(`<description><p>chữ <b>đậm</description>`), "Một Hai Ba", ""},
		{"an end that never began", around(`<description>dòng</br>dòng</description>`), "Một Hai Ba", ""},
		{"what can't be mended is told", around(`<description>dòng<br>dòng<img src=a.jpg></description>`), "Một Ba", "1 of 3"},
		{"an end too many", around(`<description>dòng</p></div></description>`), "Một Hai Ba", ""},
		{"cut off within the last item", whole[:strings.Index(whole, "Ba</title>")], "Một Hai", "1 of 3"},
		{"cut off within a tag", whole[:strings.Index(whole, "title>Ba")], "Một Hai", "1 of 3"},
		{"cut off within CDATA", whole[:strings.Index(whole, "/3<")] + "/3</link><description><![CDATA[<p>chữ</p>", "Một Hai", "1 of 3"},
		{"cut off behind the last item", whole[:strings.Index(whole, "</channel>")], "Một Hai Ba", ""},
		{"RDF cut off", `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><channel><title>x</title></channel>` + three + `<item><ti`, "Một Hai Ba", "1 of 4"},
		{"Atom cut off", `<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title>` + atomEntries, "Một Hai", "1 of 3"},
		{"a document type with an entity", strings.Replace(whole, "<rss", `<!DOCTYPE rss [<!ENTITY so "Sở">]><rss`, 1), "Một Hai Ba", ""},
		{"the word item in a text", around(`<description><![CDATA[viết <item> trong mã]]></description>`), "Một Hai Ba", ""},
		{"a comment left open in a description", around(`<description><!-- chữ</description>`), "Một Ba", "1 of 3"},
		{"CDATA left open in a description", around(`<description><![CDATA[ chữ</description>`), "Một Ba", "1 of 3"},
		{"an item in a comment is none", rss(three, `<!-- <item><title>Cũ</title></item> -->`), "Một Hai Ba", ""},
		{"no items", rss(), "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := readTestFeed(t, tt.body)
			if got := strings.ReplaceAll(titles(doc), "\n", " "); got != tt.want {
				t.Errorf("titles %q, want %q\n%s", got, tt.want, tt.body)
			}
			lost := ""
			for _, err := range doc.Lost {
				lost += err.Error()
			}
			if tt.lost == "" && lost != "" || !strings.Contains(lost, tt.lost) {
				t.Errorf("Lost says %q, want %q in it", lost, tt.lost)
			}
			if doc.Title != "Sở Y tế" && doc.Title != "x" {
				t.Errorf("the feed's title is %q", doc.Title)
			}
		})
	}
}

// TestDamageKeepsWhatIsGood looks at the article in which the damage is.
func TestDamageKeepsWhatIsGood(t *testing.T) {
	tests := []struct{ name, damage, want string }{
		{"bare ampersands", `<description>hỏi & đáp</description>`, "hỏi &amp; đáp"},
		{"HTML's own references", `<description>Ng&agrave;y&nbsp;h&#7897;i</description>`, "Ngày\u00a0hội"},
		{"misnested tags in CDATA", `<description><![CDATA[<p>chữ <b>đậm</p></b>]]></description>`, "<p>chữ <b>đậm</b></p>"},
		{"markup escaped twice", `<description>&amp;lt;p&amp;gt;ch&amp;#7919;&amp;lt;/p&amp;gt;</description>`, "<p>chữ</p>"},
		{"NukeViet's literal references", `<description><![CDATA[Chiều 22&#x002F;9 &#40;thứ sáu&#41;]]></description>`, "Chiều 22/9 (thứ sáu)"},
		{"a bare ampersand in an address in CDATA", `<description><![CDATA[<a href="/?a=1&b=2">x</a>]]></description>`, `<a href="http://syt.example.vn/?a=1&amp;b=2">x</a>`},
		{"a letter and its tone, a comment between", "<description><![CDATA[<p>ngh<!-- -->ê<!-- -->̣</p>]]></description>", "<p>nghệ</p>"},
		{"a letter and its tone, an empty element between", "<description><![CDATA[<p>m<i></i>ơ<span> </span>̉</p>]]></description>", "<p>mở</p>"},
		{"a letter and its tone, what is not allowed between", "<description><![CDATA[<p>mơ<font>̉</font></p>]]></description>", "<p>mở</p>"},
		{"markup too deep and without text", "<description><![CDATA[" + strings.Repeat("<div>", 600) + "]]></description>", ""},
		{"a script in CDATA", `<description><![CDATA[a<script>x()</script>b]]></description>`, "ab"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := readTestFeed(t, around(tt.damage)).Articles[1]
			if string(a.Content) != tt.want {
				t.Errorf("content %+q, want %+q", a.Content, tt.want)
			}
			checkArticle(t, a)
		})
	}
}

// TestSalvagedTimes: an entry's updated is not its published, also in a document
// that had to be read entry by entry.
func TestSalvagedTimes(t *testing.T) {
	doc := readTestFeed(t, `<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title>`+
		`<entry><title>Một</title><id>1</id><updated>2026-09-15T01:00:00Z</updated></entry>`+
		`<entry><title>Hai</title><id>2</id><updated>2026-09-15T02:00:00Z</updated></entry><entry><title>Ba`)
	for _, a := range doc.Articles {
		if !a.Published.IsZero() || a.Updated.IsZero() {
			t.Errorf("%s: Published %q, want none; Updated %q", a.Title, inVietnam(a.Published), inVietnam(a.Updated))
		}
	}
}

// allocated returns how many bytes f allocates.
func allocated(f func()) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc - before.TotalAlloc)
}

// TestSalvageGrowsEvenly: a damaged feed with a long head must not be copied once
// for each of its items; such a feed would fill the memory.
func TestSalvageGrowsEvenly(t *testing.T) {
	read := func(items int) func() {
		body := `<rss version="2.0"><channel><title>` + strings.Repeat("dài ", 10_000) + `</title>` + strings.Repeat(`<item><title>Tin</title></item>`, items) + `<item>`
		return func() { readTestFeed(t, body) }
	}
	few, many := allocated(read(10)), allocated(read(80))
	if each := (many - few) / 70; each > 45e3 { // the parser itself takes some 30 kB for each
		t.Errorf("behind a head of 50 kB each further item takes %.0f kB", each/1e3)
	}
}

func TestReadNoFeed(t *testing.T) {
	tests := []struct {
		name, body string
		want       []string // in the error's text
	}{
		{"an HTML page", "<!DOCTYPE html><html><head><title>\n Trang tin\n  Sở Y tế &amp; bệnh viện</title></head><body><a href=/1>Tin</a></body></html>",
			[]string{"expected a feed, got an HTML page", "Trang tin Sở Y tế & bệnh viện", "list:"}},
		{"an HTML page without a title", "<html><body>bảo trì</body></html>", []string{"an HTML page;", "list:"}},
		{"an HTML page that shows a feed's code", "<html><head><title>Trợ giúp</title></head><body><pre><rss version=2.0></pre></body></html>", []string{"Trợ giúp", "list:"}},
		{"an empty answer", "", []string{"empty answer"}},
		{"nothing but white space", " \r\n\t", []string{"empty answer"}},
		{"nothing but a byte order mark", "\xef\xbb\xbf", []string{"empty answer"}},
		{"text", "Không tìm thấy trang", []string{"neither RSS, Atom nor JSON Feed"}},
		{"JSON of another kind", `{"loi": "không có quyền"}`, []string{"neither RSS, Atom nor JSON Feed"}},
		{"JSON Feed cut off", `{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1"`, nil},
		{"a picture", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", []string{"neither RSS, Atom nor JSON Feed"}},
		{"a long title is shortened", "<html><title>" + strings.Repeat("dài dòng ", 30) + "</title></html>", []string{"dài dòng dài…”"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc, err := Read(testSource, &feeds.Page{URL: feedURL, Body: []byte(tt.body)})
			if err == nil {
				t.Fatalf("Read gives %d articles, want an error", len(doc.Articles))
			}
			checkPlainError(t, err, tt.want...)
		})
	}
}

// checkPlainError wants a malformed page's error: one line, for a person to read.
func checkPlainError(t *testing.T, err error, parts ...string) {
	t.Helper()
	text := err.Error()
	if strings.ContainsFunc(text, unicode.IsControl) || len([]rune(text)) > 300 {
		t.Errorf("the error is not one short line: %q", text)
	}
	if feeds.FaultOf(err) != feeds.Malformed {
		t.Errorf("the fault is %v, want malformed: %v", feeds.FaultOf(err), err)
	}
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("the error %q does not say %q", text, part)
		}
	}
}

// checkArticle holds what is true of every article, whatever the page was.
func checkArticle(t *testing.T, a feeds.Article) {
	t.Helper()
	if a.Link != "" && absolute(nil, a.Link) != a.Link {
		t.Errorf("link %q is not an absolute http or https address in its lasting form", a.Link)
	}
	if strings.ContainsFunc(a.Title, unicode.IsControl) || !norm.NFC.IsNormalString(a.Title) {
		t.Errorf("title %q holds control characters or is not NFC", a.Title)
	}
	if again := Sanitize(string(a.Content), nil); again != a.Content {
		t.Errorf("content is not the same when sanitised again:\nonce  %q\ntwice %q", a.Content, again)
	}
}

func FuzzReadFeed(f *testing.F) {
	f.Add(rss(three))
	f.Add(around(`<description><p>chữ <b>đậm</p></b></description>`))
	f.Add(around("<description>a &b; &#11; \x01</description>")[:400])
	f.Add(around(`<description><![CDATA[<p>(BĐ) - Tin <img src=a.jpg>./.</p>]]></description><enclosure url="a.pdf"/>`))
	f.Add("Notice: x\n" + rss(`<generator>NukeViet</generator>`, three))
	f.Add(`<feed xmlns="http://www.w3.org/2005/Atom" xml:base="/b/"><title>x</title><entry><title type="html">a&lt;b&gt;</title><link href="c"/><content type="xhtml"><div>d</div></content></entry></feed>`)
	f.Add(`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><channel><title>x</title></channel>` + three + `</rdf:RDF>`)
	f.Add(`{"version":"https://jsonfeed.org/version/1.1","title":"x","items":[{"id":"1","url":"http:/a.vn/?utm_source=x","content_html":"<p>e\u0301</p>"}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		doc, err := Read(testSource, &feeds.Page{URL: feedURL, Body: []byte(body)})
		if err != nil {
			return
		}
		for _, a := range doc.Articles {
			checkArticle(t, a)
		}
	})
}
