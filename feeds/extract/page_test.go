package extract

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"gomtin/feeds"
)

const articleURL = "http://syt.example.vn/tin-tuc/khai-truong.html"

func complete(t *testing.T, src feeds.Source, body string, a feeds.Article) feeds.Article {
	t.Helper()
	got, err := Complete(src, &feeds.Page{URL: articleURL, Body: []byte(body)}, a)
	if err != nil {
		t.Fatalf("Complete: %v", err)
	}
	return got
}

// vhvArticle is an article page of VHV's: the outer .article-content holds title,
// lead and body, the inner one the body.
func vhvArticle(lead, body string) string {
	head := `<meta name="Author" content="Cổng thông tin Sở Y tế"><meta property="og:type" content="article"><meta property="og:title" content="Khai trương trạm y tế">` +
		`<link rel="canonical" href="https://syt.example.vn/tin-tuc/khai-truong.html"><meta property="og:image" content="/upload/99/bia.jpg">` +
		`<meta property="article:published_time" itemprop="datePublished" content="2026-07-09T15:33:15+0700"><meta name="DC.Date" content="2026-07-09+0715:33:15"><meta name="DC.Creator" content="Phòng Biên tập">`
	main := `<article class="article-new new-detail-layout-type-2"><header><span class="post-date left">Thứ 5, 09/07/2026<span class="drash"> | </span>15:19</span>
<div class="block_share"><a href="javascript:void(0);" onclick="VHV.App.modules[25].fontCustom('small');">A<sup>-</sup></a><a title="x"><img src="/App/images/nhat.png" alt="Tăng tương phản"></a></div></header>
<div class="article-content"><div class="block-core-a3"><h1 class="article-title common-title-detail title-detail "> Khai trương
 trạm y tế </h1><div class="social-connect"><div class="article-network-share">Chia sẻ</div></div><div class="article-brief common-brief">` + lead + `</div></div>
<div id="audio25"><audio src="/doc.mp3"></audio></div><div class="article-content font-size-text common-content">` + body + `</div></div></article>`
	return strings.Replace(vhvPage("Khai trương trạm y tế - Sở Y tế", main), "</head>", head+"</head>", 1)
}

func TestCompleteVHV(t *testing.T) {
	a := complete(t, feeds.Source{ID: 9, Kind: feeds.KindList, Department: testSource.Department}, vhvArticle(
		`<p style="text-align:justify"><strong>(syt.</strong><em>example.vn</em>)<strong> - Sáng 9/7</strong>, trạm mới mở cửa.</p>`,
		`<p>Theo Quyết định số 123/QĐ-UBND, trạm có mười giường.</p>`+
			`<div style="text-align:center"><figure class="image"><img alt="" width="600" height="253" src="/upload/99/fck/le.jpg"><figcaption>Quang cảnh<br>buổi lễ</figcaption></figure></div>`+
			`<p>&nbsp;</p><script>dem()</script><p>Tải <a href="/upload/99/ke-hoach.PDF?v=2">kế hoạch</a> về xem./.</p><p style="text-align:right"><strong>Tác giả: Kim Loan</strong></p>`),
		feeds.Article{Title: "Khai trương…", Link: "http://syt.example.vn/tin-tuc/khai-truong.html", Published: time.Date(2026, 7, 9, 0, 0, 0, 0, vietnamTime), Image: feeds.Image{URL: "http://syt.example.vn/nho.jpg"}})
	want := `<p><strong>Sáng 9/7</strong>, trạm mới mở cửa.</p><p>Theo Quyết định số 123/QĐ-UBND, trạm có mười giường.</p>` +
		`<div><figure><img alt="" width="600" height="253" src="http://syt.example.vn/upload/99/fck/le.jpg"/><figcaption>Quang cảnh<br/>buổi lễ</figcaption></figure></div>` +
		`<p>Tải <a href="http://syt.example.vn/upload/99/ke-hoach.PDF?v=2">kế hoạch</a> về xem.</p>`
	if got := withoutWrapper(a.Content); got != want {
		t.Errorf("content\n got %s\nwant %s", got, want)
	}
	checkArticle(t, a)
	a.Content = ""
	wantArticle := feeds.Article{
		Department: "so-y-te", Source: 9, Link: "http://syt.example.vn/tin-tuc/khai-truong.html",
		Title: "Khai trương trạm y tế", Author: "Kim Loan", Section: "Tin hoạt động", Language: "vi",
		Summary:    "Sáng 9/7, trạm mới mở cửa.",
		Published:  time.Date(2026, 7, 9, 15, 19, 0, 0, vietnamTime),
		Image:      feeds.Image{URL: "http://syt.example.vn/upload/99/fck/le.jpg", Width: 600, Height: 253},
		Enclosures: []feeds.Enclosure{{URL: "http://syt.example.vn/upload/99/ke-hoach.PDF?v=2", Type: "application/pdf", Title: "kế hoạch"}},
		Numbers:    []string{"123/QĐ-UBND"},
	}
	if !reflect.DeepEqual(a, wantArticle) {
		t.Errorf("the article is\n%+v\nwant\n%+v", a, wantArticle)
	}
}

// withoutWrapper returns content without the one div around all of it.
func withoutWrapper(content feeds.SafeHTML) string {
	s := strings.TrimSpace(string(content))
	if inner, ok := strings.CutPrefix(s, "<div>"); ok && strings.HasSuffix(inner, "</div>") {
		s = strings.TrimSpace(strings.TrimSuffix(inner, "</div>"))
	}
	return strings.ReplaceAll(s, ">\n<", "><")
}

const nukeArticle = `<!DOCTYPE html><html lang="vi"><head><title>Lịch tiêm - Sở Y tế</title><meta name="generator" content="NukeViet v4.5"></head><body><div class="breadcrumb"><ol><li><a href="/">Trang nhất</a></li><li><a href="/t">Tiêm chủng</a></li></ol></div>
<div class="news_column panel" itemtype="http://schema.org/NewsArticle" itemscope><div class="panel-body"><h1 class="title margin-bottom-lg" itemprop="headline">Lịch tiêm tháng này</h1>
<div class="hidden"><span itemprop="datePublished">2026-09-22T16:45:09+07:00</span></div><span class="h5">Thứ ba - 22/09/2026 16:45</span><ul class="news_tools"><li>In ra</li></ul>
<div class="hometext m-bottom" itemprop="description">Các điểm tiêm mở cửa cả tuần.</div><div id="news-bodyhtml" class="bodytext"><p>Điểm thứ nhất ở phường Bắc.</p><p>Điểm thứ hai ở phường Nam.</p></div>
<div class="news-download-file"><a href="/vi/news/download/lich.docx" download>Lịch chi tiết</a></div><p class="text-right"><strong>Tác giả: </strong>Lê Bình</p><p class="text-right"><strong>Nguồn tin: </strong>CDC</p></div></div>
<div class="related-news"><ul><li><a href="/vi/news/cu-1.html">Tin cũ hơn đã đăng</a> (01/09/2026)</li></ul></div></body></html>`

func TestCompleteNukeViet(t *testing.T) {
	a := complete(t, feeds.Source{Kind: feeds.KindFeed}, nukeArticle, feeds.Article{
		Title: "Lịch tiêm tháng này", GUID: "news_7", Link: "http://syt.example.vn/vi/news/lich-7.html", Content: "Các điểm tiêm", Summary: "Các điểm tiêm",
		Published: time.Date(2026, 9, 22, 16, 0, 0, 0, vietnamTime)})
	if got, want := withoutWrapper(a.Content), `<p>Các điểm tiêm mở cửa cả tuần.</p><p>Điểm thứ nhất ở phường Bắc.</p><p>Điểm thứ hai ở phường Nam.</p>`; got != want {
		t.Errorf("content\n got %s\nwant %s", got, want)
	}
	got := fmt.Sprint(a.Author, " | ", a.Section, " | ", inVietnam(a.Published), " | ", a.Summary, " | ", a.GUID, " | ", a.Enclosures)
	want := "Lê Bình | Tiêm chủng | 2026-09-22 16:45:09 | Các điểm tiêm mở cửa cả tuần. | news_7 | [{http://syt.example.vn/vi/news/download/lich.docx application/vnd.openxmlformats-officedocument.wordprocessingml.document 0 Lịch chi tiết}]"
	if got != want {
		t.Errorf("the article is\n%s\nwant\n%s", got, want)
	}
}

// unknownArticle is an article page of no known system.
func unknownArticle(head string) string {
	para := `<p>Đoàn kiểm tra đã đến mười hai cơ sở trong tuần, ghi lại những gì còn thiếu, và hẹn ngày quay lại xem việc sửa chữa đã xong hay chưa, có ai cần giúp thêm không.</p>`
	return `<html lang="vi"><head>` + head + `</head><body><div class="menu"><a href="/">Trang chủ</a> <a href="/lh">Liên hệ</a></div>
<div id="chinh"><h1>Kiểm tra bếp ăn trường học</h1><div class="noi-dung">` + strings.Repeat(para, 6) + `<p><img src="bep.jpg" alt="Bếp ăn"> Xem <a href="bien-ban.docx">biên bản</a>.</p></div></div>
<div class="sidebar"><ul><li><a href="/1">Liên kết một</a></li><li><a href="/2">Liên kết hai</a></li></ul></div><div class="footer">Bản quyền</div></body></html>`
}

func TestCompleteUnknown(t *testing.T) {
	a := complete(t, feeds.Source{}, unknownArticle(`<title>Kiểm tra bếp ăn trường học</title><meta property="og:title" content="Kiểm tra bếp ăn"><meta name="description" content="Mười hai cơ sở."><meta itemprop="datePublished" content="2026-03-07T08:52:11.000 +07:00">`), feeds.Article{})
	got := fmt.Sprint(a.Title, " | ", a.Summary, " | ", inVietnam(a.Published), " | ", a.Language, " | ", a.Image.URL)
	if want := "Kiểm tra bếp ăn | Mười hai cơ sở. | 2026-03-07 08:52:11 | vi | http://syt.example.vn/tin-tuc/bep.jpg"; got != want {
		t.Errorf("the article is\n%s\nwant\n%s", got, want)
	}
	text := a.Content.Text()
	if n := strings.Count(text, "Đoàn kiểm tra"); n != 6 || strings.Contains(text, "Liên kết") || strings.Contains(text, "Bản quyền") || strings.Contains(text, "Liên hệ") {
		t.Errorf("the text has %d of 6 paragraphs, or the page's frame: %s", n, text)
	}
	if len(a.Enclosures) != 1 || a.Enclosures[0].URL != "http://syt.example.vn/tin-tuc/bien-ban.docx" {
		t.Errorf("enclosures %+v", a.Enclosures)
	}
	decomposed := complete(t, feeds.Source{}, unknownArticle("<title>Kie\u0302\u0309m tra be\u0302\u0301p a\u0306n tru\u031bo\u031b\u0300ng ho\u0323c</title>"), feeds.Article{})
	if decomposed.Title != "Kiểm tra bếp ăn trường học" {
		t.Errorf("the title element gives the title %q, want it composed", decomposed.Title)
	}
	checkArticle(t, decomposed)
}

// TestCompleteMerges says what the page changes in what a feed or list said.
func TestCompleteMerges(t *testing.T) {
	day, minute := time.Date(2026, 7, 8, 0, 0, 0, 0, vietnamTime), time.Date(2026, 7, 8, 9, 41, 0, 0, vietnamTime)
	page := vhvArticle(`<p>Trạm mới mở cửa.</p>`, `<p>Nội dung của bài trên trang.</p><p>Kèm <a href="/a.pdf">tệp</a>.</p>`)
	show := func(a feeds.Article) string {
		return fmt.Sprint(a.Title, " | ", inVietnam(a.Published), " | ", a.Author, " | ", len(a.Enclosures), " | ", strings.Contains(string(a.Content), "trên trang"))
	}
	tests := []struct {
		name string
		kind feeds.SourceKind
		a    feeds.Article
		want string
	}{
		{"nothing known", feeds.KindList, feeds.Article{}, "Khai trương trạm y tế | 2026-07-09 15:19:00 | Phòng Biên tập | 1 | true"},
		{"a list's day gives way", feeds.KindList, feeds.Article{Published: day}, "Khai trương trạm y tế | 2026-07-09 15:19:00 | Phòng Biên tập | 1 | true"},
		{"a list's minute stays", feeds.KindList, feeds.Article{Published: minute}, "Khai trương trạm y tế | 2026-07-08 09:41:00 | Phòng Biên tập | 1 | true"},
		{"a list's title gives way", feeds.KindList, feeds.Article{Title: "Khai trương"}, "Khai trương trạm y tế | 2026-07-09 15:19:00 | Phòng Biên tập | 1 | true"},
		{"a feed's title stays", feeds.KindFeed, feeds.Article{Title: "Trạm y tế mới"}, "Trạm y tế mới | 2026-07-09 15:19:00 | Phòng Biên tập | 1 | true"},
		{"a feed's cut title gives way", feeds.KindFeed, feeds.Article{Title: "Khai trương..."}, "Khai trương trạm y tế | 2026-07-09 15:19:00 | Phòng Biên tập | 1 | true"},
		{"a feed's author stays", feeds.KindFeed, feeds.Article{Author: "Lê Bình"}, "Khai trương trạm y tế | 2026-07-09 15:19:00 | Lê Bình | 1 | true"},
		{"a feed's longer text stays", feeds.KindFeed, feeds.Article{Content: Sanitize(strings.Repeat("<p>Bài đầy đủ.</p>", 40), nil)}, "Khai trương trạm y tế | 2026-07-09 15:19:00 | Phòng Biên tập | 1 | false"},
		{"an attachment known counts once", feeds.KindFeed, feeds.Article{Enclosures: []feeds.Enclosure{{URL: "http://syt.example.vn/a.pdf"}}}, "Khai trương trạm y tế | 2026-07-09 15:19:00 | Phòng Biên tập | 1 | true"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := show(complete(t, feeds.Source{Kind: tt.kind}, page, tt.a)); got != tt.want {
				t.Errorf("the article is\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
	if a := complete(t, feeds.Source{}, page, feeds.Article{}); a.Link != "https://syt.example.vn/tin-tuc/khai-truong.html" {
		t.Errorf("a page read for itself has the link %q, want its canonical one", a.Link)
	}
}

func TestCompleteDates(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"no visible date: the page's own head", `<span class="post-date left"></span>`, "2026-07-09 15:33:15"},
		{"a visible date that is none", `<span class="post-date">Hôm qua</span>`, "2026-07-09 15:33:15"},
		{"a visible date alone", `<span class="post-date">08/07/2026</span>`, "2026-07-08 00:00:00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := strings.Replace(vhvArticle("", "<p>Tin.</p>"), `<span class="post-date left">Thứ 5, 09/07/2026<span class="drash"> | </span>15:19</span>`, tt.in, 1)
			if got := inVietnam(complete(t, feeds.Source{}, body, feeds.Article{}).Published); got != tt.want {
				t.Errorf("Published %q, want %q", got, tt.want)
			}
		})
	}
}

func TestCompleteNothing(t *testing.T) {
	tests := []struct {
		name, body, mediaType string
		want                  string
	}{
		{"an empty answer", "", "text/html", "no article text"},
		{"a page without text", "<html><head><title>Trống</title></head><body><div></div></body></html>", "text/html", "no article text"},
		{"VHV with an empty body", vhvArticle("", "<p>&nbsp;</p>"), "text/html", "no article text"},
		{"a feed", rss(three), "text/html", "got a feed"},
		{"markup too deep", "<html><body>" + strings.Repeat("<div>", 600) + "Tin", "text/html", "can't be parsed"},
		{"a document that a list links to", "%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj<</Type/Catalog>>endobj\nstream\nx\x9c\x01\x02\nendstream", "application/pdf", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			known := feeds.Article{Title: "Tin", Link: "http://syt.example.vn/1", Summary: "Có sẵn"}
			a, err := Complete(testSource, &feeds.Page{URL: articleURL, MediaType: tt.mediaType, Body: []byte(tt.body)}, known)
			if err == nil {
				t.Fatalf("Complete gives %q, want an error", a.Content)
			}
			checkPlainError(t, err, tt.want)
			if !reflect.DeepEqual(a, known) {
				t.Errorf("what was known has become %+v", a)
			}
		})
	}
}

func TestFormOf(t *testing.T) {
	tests := []struct {
		name, body string
		want       Form
	}{
		{"RSS", rss(three), FormFeed},
		{"RSS behind a message", "<br /><b>Notice</b>: x" + rss(three), FormFeed},
		{"Atom", `<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title></feed>`, FormFeed},
		{"JSON Feed", `{"version":"https://jsonfeed.org/version/1.1","items":[]}`, FormFeed},
		{"VHV's list", vhvPage("x", vhvRow(1, "Một", "15/09/2026", "x")), FormList},
		{"an unknown list", unknownList, FormList},
		{"VHV's article", vhvArticle("<p>x</p>", "<p>y</p>"), FormArticle},
		{"NukeViet's article", nukeArticle, FormArticle},
		{"an article by its head", unknownArticle(`<meta property="og:type" content="article">`), FormArticle},
		{"an article by its time", unknownArticle(`<meta property="article:published_time" content="2026-03-07">`), FormArticle},
		{"a page that shows a feed's code", `<html><pre><rss version="2.0"></pre></html>`, FormList},
		{"nothing", "", FormList},
		{"markup too deep", strings.Repeat("<div>", 600), FormList},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := FormOf(&feeds.Page{URL: articleURL, Body: []byte(tt.body)}); got != tt.want {
				t.Errorf("FormOf = %s, want %s", got, tt.want)
			}
		})
	}
}

func FuzzComplete(f *testing.F) {
	f.Add(vhvArticle(`<p><b>(BĐ)</b> - Sáng</p>`, `<p>Tin./.</p><p>Tác giả: Kim Loan</p><a href="http:/a.vn/b.pdf">x</a>`), "", "")
	f.Add(nukeArticle, "nukeviet", "")
	f.Add(unknownArticle("<title>e\u0301\x02</title>"), "", "")
	f.Add(`<base href="ftp://x/"><div class=b><table><p>a<td>b<b>c</table>./.</div>`, "", ".b")
	f.Add("<p><b>(BĐ) <i>- a</b> b</i><pre>\n\nc</pre><ul><p>\u0338d</ul>./.", "", "body")
	f.Fuzz(func(t *testing.T, body, cms, selector string) {
		a, err := Complete(feeds.Source{CMS: cms, Recipe: feeds.Recipe{Body: selector}}, &feeds.Page{URL: articleURL, Body: []byte(body)}, feeds.Article{})
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the error has more than one line: %q", err)
			}
			return
		}
		checkArticle(t, a)
		for _, e := range a.Enclosures {
			if absolute(nil, e.URL) != e.URL || e.Type == "" {
				t.Errorf("enclosure %+v", e)
			}
		}
	})
}
