package publish

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gomtin/feeds"
	"gomtin/feeds/publish/publishtest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; run with -update and read the diff\n%s", file, got)
	}
}

var checks = map[string]func([]byte) []publishtest.Violation{
	".rss": publishtest.RSS, ".atom": publishtest.Atom, ".json": publishtest.JSON,
}

// sample has what a feed can have: two departments, a copy, attachments,
// pictures, every kind of text that needs care.
func sample() Document {
	at := func(h int) time.Time { return time.Date(2026, 11, 20, h, 15, 0, 0, time.UTC) }
	syt := feeds.Department{ID: "syt", Name: "Sở Y tế", Home: "http://syt.example.vn"}
	snnmt := feeds.Department{ID: "snnmt", Name: "Sở Nông nghiệp và Môi trường", Home: "http://snnmt.example.vn/"}
	lead := feeds.Article{
		ID: feeds.NewArticleID("syt", "guid:news_1"), Department: "syt", Source: 1, Link: "http://syt.example.vn/tin-1.html?id=7&v=2",
		Title: `Tiêm vắc xin <sởi> & "cúm" cho trẻ`, Author: "Kim Loan", Summary: "Sáng 20/11, 5 < 7 trạm & phòng khám tiêm chủng.",
		Content:   `<p>Đoạn một ]]&gt; &amp; hai.</p><figure><img src="http://syt.example.vn/a.jpg" width="600" height="400" alt="Tiêm chủng"/></figure>`,
		Published: at(2), Updated: at(4), Revision: 2, Numbers: []string{"123/QĐ-SYT"},
		Image: feeds.Image{URL: "http://syt.example.vn/a.jpg", Alt: "Tiêm chủng", Width: 600, Height: 400},
		Enclosures: []feeds.Enclosure{
			{URL: "http://syt.example.vn/123.pdf", Type: "application/pdf", Length: 2048, Title: "Quyết định 123"},
			{URL: "http://syt.example.vn/phu-luc.docx", Type: "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
		},
		Topics: []feeds.Match{{Topic: "y-te"}, {Topic: "giao-duc-dao-tao"}},
	}
	other := feeds.Article{ID: feeds.NewArticleID("snnmt", "guid:x"), Department: "snnmt", Source: 2, Link: "http://snnmt.example.vn/x", Title: lead.Title}
	bare := feeds.Article{
		ID: feeds.NewArticleID("snnmt", "text:y"), Department: "snnmt", Source: 2, Title: "Thông báo", Summary: "Nội dung.", Content: "<p>Nội dung.</p>",
		Published: at(1), Updated: at(1), Revision: 1, Topics: []feeds.Match{{Topic: "y-te"}},
	}
	return Document{
		Site: feeds.Site{Title: "Tin tức tỉnh mẫu", URL: "https://tin.example.vn", Tag: "tin.example.vn,2026", Language: "vi", Timezone: "Asia/Ho_Chi_Minh", Rights: "© Cổng thông tin tỉnh mẫu"},
		Path: "/topics/y-te", Page: "/topics/y-te", Title: "Y tế – Tin tức tỉnh mẫu", Description: "Khám chữa bệnh & phòng dịch", Hub: "/hub",
		Stories:     []feeds.Story{{Lead: lead, Others: []feeds.Article{other}}, {Lead: bare}},
		Topics:      map[feeds.TopicID]feeds.Topic{"y-te": {ID: "y-te", Title: "Y tế"}, "giao-duc-dao-tao": {ID: "giao-duc-dao-tao", Title: "Giáo dục, đào tạo"}},
		Departments: map[feeds.DepartmentID]feeds.Department{"syt": syt, "snnmt": snnmt},
		Sources:     map[feeds.SourceID]string{1: "http://syt.example.vn/rss", 2: "http://snnmt.example.vn/"},
	}
}

func TestRender(t *testing.T) {
	empty := sample()
	empty.Stories = nil
	empty.Hub = ""
	for _, f := range Formats {
		for name, d := range map[string]Document{"full": sample(), "empty": empty} {
			t.Run(name+f.Ending, func(t *testing.T) {
				var b, again bytes.Buffer
				if err := Render(&b, f, d); err != nil {
					t.Fatal(err)
				}
				golden(t, name+f.Ending, b.Bytes())
				for _, v := range checks[f.Ending](b.Bytes()) {
					t.Errorf("%v", v)
				}
				if err := Render(&again, f, d); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
					t.Errorf("the same document gave other bytes (%v)", err)
				}
			})
		}
	}
}

func TestOPML(t *testing.T) {
	d := sample()
	var b bytes.Buffer
	topics := []feeds.Topic{{ID: "y-te", Title: "Y tế", Description: "Khám & chữa"}}
	departments := []feeds.Department{d.Departments["syt"], d.Departments["snnmt"]}
	if err := OPML(&b, d.Site, topics, departments); err != nil {
		t.Fatal(err)
	}
	golden(t, "feeds.opml", b.Bytes())
	for _, v := range publishtest.OPML(b.Bytes()) {
		t.Errorf("%v", v)
	}
}

func BenchmarkRender(b *testing.B) {
	d := sample()
	body := feeds.SafeHTML("<p>" + strings.Repeat("Nội dung bài viết dài. ", 80) + "</p>")
	for i := range 50 {
		s := d.Stories[0]
		s.Lead.ID = feeds.NewArticleID("syt", fmt.Sprint(i))
		s.Lead.Content = body
		d.Stories = append(d.Stories, s)
	}
	for _, f := range Formats {
		b.Run(f.Ending[1:], func(b *testing.B) {
			var out bytes.Buffer
			for b.Loop() {
				out.Reset()
				if err := Render(&out, f, d); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(out.Len()))
		})
	}
}
