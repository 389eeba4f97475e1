package extract

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"gomtin/feeds"
)

const listURL = "http://syt.example.vn/tin-tuc"

func readTestList(src feeds.Source, body string) (*Document, error) {
	src.Kind = feeds.KindList
	src.Department = testSource.Department
	return Read(src, &feeds.Page{URL: listURL, Body: []byte(body)})
}

// rows returns title, link and date of each article, one a line.
func rows(doc *Document) string {
	var all []string
	for _, a := range doc.Articles {
		all = append(all, fmt.Sprintf("%s | %s | %s", a.Title, strings.TrimPrefix(a.Link, "http://syt.example.vn"), inVietnam(a.Published)))
	}
	return strings.Join(all, "\n")
}

// vhvPage is a page of VHV's: menu, path, main column, sidebar.
func vhvPage(title, main string) string {
	return ` ` + "\n" + `<!DOCTYPE html><html lang="vi"><head><title>` + title + `</title><link rel="stylesheet" href="/css/1.5/99/style.css?6"><meta name="DC.Title" content="` + title + `"></head><body>
<nav id="menu6"><ul><li><a href="/gioi-thieu/chuc-nang" title="x">Chức năng và nhiệm vụ của Sở</a></li><li><a href="/van-ban">Văn bản 01/02/2026 chỉ đạo điều hành</a></li></ul></nav>
<div class="ModuleWrapper  table-pathway-news"container ><ol class="breadcrumb"><li class="first-item"><a href="/">Trang chủ</a></li><li class="last-item"><a href="/tin-tuc">Tin hoạt động</a></li></ol></div>
<div class="col-left">` + main + `</div>
<div class="col-right"><section class="section-list">
<article class="article-news"><div class="first-news"><a class="article-img" href="/ben-le-1.html"><img src="/publish/thumbnail/99/x.jpg"></a><div class="common-title"><a href="/ben-le-1.html">Chuyện bên lề số một</a></div></div></article>
<article class="article-news"><div class="item-news-block"><div class="title-news"><a href="/ben-le-2.html">Chuyện bên lề số hai</a></div></div></article>
</section></div><footer><a href="/lien-he">Địa chỉ liên hệ của Sở, 01/01/2026</a></footer></body></html>`
}

func vhvRow(n int, title, date, brief string) string {
	return fmt.Sprintf(`<article class="article-news"><a class="article-img" href="/tin-%d.html"><img src="/publish/thumbnail/99/700x394xdefault/upload/99/%d.jpg" onerror="this.src='/no.png'" alt="Ảnh %d"></a>
<div class="article-title common-title"><a href="/tin-%d.html" title="%s">  %s</a></div><span class="article-date">%s</span><div class="article-brief">%s</div></article>`, n, n, n, n, title, title, date, brief)
}

func TestReadVHVList(t *testing.T) {
	src := feeds.Source{ID: 9}
	doc, err := readTestList(src, vhvPage("Tin hoạt động", vhvRow(1, "Tập huấn sơ cứu cho giáo viên", "15/09/2026 09:02", "(BĐ) - Sáng 15/9, lớp học mở cửa.")+
		vhvRow(2, "Khám bệnh lưu động", "Thứ 2, 14/09/2026", "")+
		vhvRow(1, "Tập huấn sơ cứu cho giáo viên", "15/09/2026 09:02", "")))
	if err != nil {
		t.Fatal(err)
	}
	want := "Tập huấn sơ cứu cho giáo viên | /tin-1.html | 2026-09-15 09:02:00\nKhám bệnh lưu động | /tin-2.html | 2026-09-14 00:00:00"
	if got := rows(doc); got != want {
		t.Fatalf("the list is\n%s\nwant\n%s", got, want)
	}
	a := doc.Articles[0]
	if a.Image.URL != "http://syt.example.vn/publish/thumbnail/99/700x394xdefault/upload/99/1.jpg" || a.Image.Alt != "Ảnh 1" {
		t.Errorf("image %+v", a.Image)
	}
	if a.Summary != "Sáng 15/9, lớp học mở cửa." {
		t.Errorf("summary %q", a.Summary)
	}
	if a.Department != "so-y-te" || a.Source != 9 || a.Listed == "" || a.GUID != "" {
		t.Errorf("department %q, source %d, listed %q, GUID %q", a.Department, a.Source, a.Listed, a.GUID)
	}
	if doc.Title != "Tin hoạt động" || doc.Link != listURL || doc.Language != "vi" {
		t.Errorf("the document says title %q, link %q, language %q", doc.Title, doc.Link, doc.Language)
	}
}

// unknownList is a page of no known system.
const unknownList = `<html><head><title>Thông báo</title></head><body>
<header><nav><a href="/a">Trang chủ của đơn vị chúng tôi 01/01/2020</a></nav></header>
<div id="noidung"><table>
<tr class="dong1"><td><a href="tb.aspx?id=11">Thông báo lịch nghỉ lễ năm nay</a> <i>(22/09/2026)</i></td></tr>
<tr class="dong2"><td><a href="tb.aspx?id=12">Kết quả thi tuyển viên chức đợt hai</a> <i>(21/09/2026)</i></td></tr>
<tr class="dong1"><td><a href="tb.aspx?id=13&amp;utm_source=web"><img src="moi.gif">Danh sách cơ sở được cấp phép</a> <i>(20-9-2026 16h05)</i></td></tr>
</table></div>
<div class="ben"><ul><li><a href="/lk1">Liên kết trang của trung ương</a></li><li><a href="/lk2">Liên kết trang của tỉnh nhà</a></li></ul></div>
<div class="cuoi"><p>Cập nhật ngày 22/09/2026</p></div></body></html>`

func TestReadLists(t *testing.T) {
	row := func(n int, title, date string) string { return vhvRow(n, title, date, "") }
	tests := []struct {
		name string
		src  feeds.Source
		body string
		want string
	}{
		{"an unknown system, by its structure", feeds.Source{}, unknownList,
			"Thông báo lịch nghỉ lễ năm nay | /tb.aspx?id=11 | 2026-09-22 00:00:00\nKết quả thi tuyển viên chức đợt hai | /tb.aspx?id=12 | 2026-09-21 00:00:00\nDanh sách cơ sở được cấp phép | /tb.aspx?id=13 | 2026-09-20 16:05:00"},
		{"the time element's date", feeds.Source{}, `<ul><li><h3><a href="/1">Bài viết đầu tiên của trang</a></h3><time datetime="2026-09-22T08:00:00+07:00">hôm qua</time></li>
			<li><h3><a href="/2">Bài viết thứ hai của trang</a></h3><time datetime="2026-09-21T08:00:00+07:00">hôm kia</time></li></ul>`,
			"Bài viết đầu tiên của trang | /1 | 2026-09-22 08:00:00\nBài viết thứ hai của trang | /2 | 2026-09-21 08:00:00"},
		{"picture, title and more lead to one article", feeds.Source{}, `<div class="o"><div><a href="/1"><img src="a.jpg"></a><h4><a href="/1">Bài viết đầu tiên của trang</a></h4><p>22/09/2026</p><a href="/1#het">Xem thêm chi tiết bài này</a></div>
			<div><a href="/2"><img src="b.jpg"></a><h4><a href="/2">Bài viết thứ hai của trang</a></h4><p>21/09/2026</p><a href="/2#het">Xem thêm chi tiết bài này</a></div></div>`,
			"Bài viết đầu tiên của trang | /1 | 2026-09-22 00:00:00\nBài viết thứ hai của trang | /2 | 2026-09-21 00:00:00"},
		{"NukeViet", feeds.Source{}, `<head><meta name="generator" content="NukeViet v4.5"></head><div class="news_column"><div class="panel-body"><h3><a href="/vi/news/a/mot-1.html">Một</a></h3><p class="text-muted">22/09/2026 04:07:00 PM</p><div class="news-hometext">x</div></div></div>
			<div class="news_column"><div class="panel-body"><h3><a href="/vi/news/a/hai-2.html">Hai</a></h3><p class="text-muted">09/11/2026 15:25</p></div></div>`,
			"Một | /vi/news/a/mot-1.html | 2026-09-22 16:07:00\nHai | /vi/news/a/hai-2.html | 2026-11-09 15:25:00"},
		{"selectors from the catalogue", feeds.Source{Recipe: feeds.Recipe{Item: ".o", Link: "b a", Date: "i"}},
			`<div class=o><a href=/x>Một liên kết dài hơn đầu đề bài</a><b><a href=/1>Một</a></b><i>22/09/2026</i></div><div class=o><b><a href=/2>Hai</a></b><i>21/09/2026</i></div><div><a href=/3>Ba bốn năm sáu</a> 01/01/2026</div>`,
			"Một | /1 | 2026-09-22 00:00:00\nHai | /2 | 2026-09-21 00:00:00"},
		{"selectors from the catalogue, no date", feeds.Source{Recipe: feeds.Recipe{Item: ".o"}},
			`<div class=o><a href=/1>Một</a></div><div class=o><a href=/2>Hai</a> 22/09/2026</div>`, "Một | /1 | \nHai | /2 | "},
		{"selectors that find nothing leave it to the structure", feeds.Source{Recipe: feeds.Recipe{Item: ".khong-co", Link: "a"}}, unknownList,
			"Thông báo lịch nghỉ lễ năm nay | /tb.aspx?id=11 | 2026-09-22 00:00:00\nKết quả thi tuyển viên chức đợt hai | /tb.aspx?id=12 | 2026-09-21 00:00:00\nDanh sách cơ sở được cấp phép | /tb.aspx?id=13 | 2026-09-20 16:05:00"},
		{"a link listed twice counts once", feeds.Source{}, vhvPage("x", row(1, "Một", "15/09/2026")+row(2, "Hai", "14/09/2026")+row(1, "Một lần nữa", "15/09/2026")),
			"Một | /tin-1.html | 2026-09-15 00:00:00\nHai | /tin-2.html | 2026-09-14 00:00:00"},
		{"a link listed twice counts once where no dates are shown", feeds.Source{CMS: "vhv"}, `<article class="article-news"><div class="item-news-block"><div class="title-news"><a href="/1.html">Một</a></div></div></article>
			<article class="article-news"><div class="item-news-block"><div class="title-news"><a href="/2.html">Hai</a></div></div></article>`, "Một | /1.html | \nHai | /2.html | "},
		{"VHV with the link as title", feeds.Source{}, vhvPage("x", `<article class="article-news"><a class="article-title common-title" href="/tin-1.html">Một</a><span class="article-date">22/09/2026</span></article>`), "Một | /tin-1.html | 2026-09-22 00:00:00"},
		{"a shortened title is completed", feeds.Source{CMS: "vhv"}, `<article class="article-news"><div class="common-title"><a href="/1" title="Đầu đề đầy đủ của bài viết">Đầu đề đầy…</a></div><i class="article-date">22/09/2026</i></article>`,
			"Đầu đề đầy đủ của bài viết | /1 | 2026-09-22 00:00:00"},
		{"a base element", feeds.Source{CMS: "vhv"}, `<base href="/vi/"><article class="article-news"><div class="common-title"><a href="tin/1">Một</a></div><i class="article-date">22/09/2026</i></article>`, "Một | /vi/tin/1 | 2026-09-22 00:00:00"},
		{"links that lead nowhere", feeds.Source{CMS: "vhv"}, `<article class="article-news"><div class="common-title"><a href="javascript:void(0)">Không</a></div><i class="article-date">22/09/2026</i></article>
			<article class="article-news"><div class="common-title"><a href="#top">Lên đầu trang</a></div><i class="article-date">22/09/2026</i></article>
			<article class="article-news"><div class="common-title"><a href="http:/syt.example.vn/1">Một</a></div><i class="article-date">22/09/2026</i></article>`, "Một | /1 | 2026-09-22 00:00:00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc, err := readTestList(tt.src, tt.body)
			if err != nil {
				t.Fatal(err)
			}
			if got := rows(doc); got != tt.want {
				t.Errorf("the list is\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestReadNoList(t *testing.T) {
	tests := []struct {
		name, body string
		want       []string
	}{
		{"a page without a list", "<title>Trang đang\n bảo trì</title><body><p>Mời quay lại sau ngày 22/09/2026.</p><a href=/>Về trang chủ của chúng tôi</a>", []string{"found no list", "“Trang đang bảo trì”"}},
		{"a list of links without dates", `<ul><li><a href=/1>Một hai ba bốn</a><li><a href=/2>Năm sáu bảy tám</a></ul>`, []string{"found no list"}},
		{"one dated link is no list", `<div><a href=/1>Một hai ba bốn</a> 22/09/2026</div>`, []string{"found no list"}},
		{"an empty answer", "", []string{"found no list"}},
		{"a feed", rss(three), []string{"got a feed", "feed:"}},
		{"markup too deep", strings.Repeat("<div>", 600) + unknownList, []string{"can't be parsed"}},
		{"a picture", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", []string{"found no list"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc, err := readTestList(feeds.Source{}, tt.body)
			if err == nil {
				t.Fatalf("read the list\n%s\nwant an error", rows(doc))
			}
			checkPlainError(t, err, tt.want...)
		})
	}
	if _, err := Read(feeds.Source{Kind: feeds.KindList}, &feeds.Page{URL: "http://[", Body: []byte(unknownList)}); err == nil {
		t.Error("a page without an address is read, want an error")
	} else if _, ok := errors.AsType[*feeds.Error](err); !ok {
		t.Errorf("the error is a %T, want an *feeds.Error", err)
	}
}

func TestListIsBounded(t *testing.T) {
	var b strings.Builder
	for n := range 2 * maxListed {
		b.WriteString(vhvRow(n, "Tin", "22/09/2026", ""))
	}
	doc, err := readTestList(feeds.Source{CMS: "vhv"}, b.String())
	if err != nil || len(doc.Articles) != maxListed {
		t.Errorf("read %d articles (error %v), want %d", len(doc.Articles), err, maxListed)
	}
}

// TestListGrowsEvenly: four times the links must not take sixteen times the work;
// a page of some thousand links would hold a worker for minutes.
func TestListGrowsEvenly(t *testing.T) {
	read := func(links int) func() {
		body := "<div>" + strings.Repeat(`<a href="/xem">Xem thêm tin cùng mục</a> `, links) + "</div>"
		return func() {
			if doc, err := readTestList(feeds.Source{}, body); err == nil {
				t.Errorf("read the list\n%s\nwant an error", rows(doc))
			}
		}
	}
	if few, many := allocated(read(50)), allocated(read(200)); many > 8*few {
		t.Errorf("50 links to one page take %.0f kB, 200 of them %.0f kB", few/1e3, many/1e3)
	}
}

// TestListedDigest: what a row says decides whether its page is read again.
func TestListedDigest(t *testing.T) {
	digest := func(body string) string {
		doc, err := readTestList(feeds.Source{}, vhvPage("x", body))
		if err != nil {
			t.Fatal(err)
		}
		return doc.Articles[0].Listed
	}
	first := digest(vhvRow(1, "Một", "15/09/2026", "Tóm tắt"))
	if again := digest(vhvRow(1, "Một", "15/09/2026", "Tóm tắt") + vhvRow(2, "Hai", "15/09/2026", "")); again != first {
		t.Errorf("the same row gives %s, then %s", first, again)
	}
	if other := digest(vhvRow(1, "Một (sửa)", "15/09/2026", "Tóm tắt")); other == first {
		t.Errorf("another title gives the same digest %s", first)
	}
	if other := digest(vhvRow(1, "Một", "15/09/2026", "Tóm tắt mới")); other == first {
		t.Errorf("another summary gives the same digest %s", first)
	}
	whole := testSource
	whole.FullText = false // nothing is fetched again
	doc, err := Read(whole, &feeds.Page{URL: feedURL, Body: []byte(rss(three))})
	if err != nil {
		t.Fatal(err)
	}
	if got := doc.Articles[0].Listed; got != "" {
		t.Errorf("an article that has no page to fetch has the digest %s", got)
	}
}

func FuzzReadList(f *testing.F) {
	f.Add(unknownList, "", "")
	f.Add(vhvPage("x", vhvRow(1, "Một", "15/09/2026 09:02", "(BĐ) - x")+vhvRow(2, "Hai", "14/09/2026", "")), "", "")
	f.Add(vhvRow(1, "e\u0301\u00ad\x01", "9/14/2026 6:44 PM", ""), "vhv", "")
	f.Add(`<base href="//a.vn\b/"><div class=o><a href="http:/x?utm_id=1&a=2">Một hai ba bốn</a>22-9-2026</div><div class=o><a href="y z">Một hai ba bốn</a>22-9-2026</div>`, "", ".o")
	f.Add(`<div class="news_column"><article><h3><a href="a">Một<b>hai<i>ba</b></i></a></h3><time>22/9/2026</time></article></div>`, "nukeviet", "article")
	f.Fuzz(func(t *testing.T, body, cms, item string) {
		doc, err := readTestList(feeds.Source{CMS: cms, Recipe: feeds.Recipe{Item: item}}, body)
		if err != nil {
			return
		}
		seen := make(map[string]bool)
		for _, a := range doc.Articles {
			checkArticle(t, a)
			if a.Link == "" || a.Title == "" {
				t.Errorf("a listed article has title %q and link %q", a.Title, a.Link)
			}
			if key := feeds.LinkKey(a.Link); seen[key] {
				t.Errorf("%s is listed twice", a.Link)
			} else {
				seen[key] = true
			}
		}
	})
}
