package serve_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gomtin/feeds"
	"gomtin/feeds/extract"
	"gomtin/feeds/serve"
	"gomtin/storage"
	"gomtin/storage/sqlite"
)

// A bench is a server over a real database, with a count of what it renders.
type bench struct {
	t      *testing.T
	db     *storage.DB
	server *serve.Server
	mu     sync.Mutex
	drawn  map[string]int
}

var departments = []feeds.Department{{ID: "syt", Name: "Sở Y tế", Home: "http://syt.example/"}, {ID: "stc", Name: "Sở Tài chính", Home: "http://stc.example/"}}

func newBench(t *testing.T) *bench {
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "t.db"), storage.Options{
		SameStory: func(a, b feeds.Article) bool { return a.Title == b.Title },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	c := storage.Catalogue{Departments: departments, Topics: []byte("{}")}
	for _, d := range departments {
		c.Sources = append(c.Sources, feeds.Source{Department: d, Kind: feeds.KindFeed, URL: d.Home + "rss"})
	}
	if _, err := db.Apply(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, db: db, drawn: make(map[string]int)}
	b.server = serve.New(db, catalogue("Tin tỉnh"), serve.Options{Rendered: func(path string) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.drawn[path]++
	}})
	return b
}

func catalogue(title string) *serve.Catalogue {
	return &serve.Catalogue{
		Site:        feeds.Site{Title: title, URL: "https://tin.example.vn", Tag: "tin.example.vn,2026", Language: "vi", Timezone: "Asia/Ho_Chi_Minh"},
		Topics:      []feeds.Topic{{ID: "y-te", Title: "Y tế", Description: "Khám chữa bệnh"}, {ID: "tai-chinh-thue", Title: "Tài chính"}},
		Departments: departments,
	}
}

// publish commits an article of a department under a topic.
func (b *bench) publish(d feeds.DepartmentID, topic feeds.TopicID, n int, change func(*feeds.Article)) feeds.ArticleID {
	b.t.Helper()
	if err := b.db.MakeDue(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	jobs, err := b.db.Claim(b.t.Context(), time.Now(), 10, time.Minute)
	if err != nil {
		b.t.Fatal(err)
	}
	a := feeds.Article{
		Department: d, GUID: fmt.Sprint(n), Link: fmt.Sprintf("http://%s.example/%d", d, n), Title: fmt.Sprintf("Tin số %d", n), Summary: "Tóm tắt",
		Content: extract.Sanitize("<p>Nội dung</p>", nil), Published: time.Date(2026, 11, 20, 8, n, 0, 0, time.UTC),
		Topics: []feeds.Match{{Topic: topic, Score: 9, Why: []string{"tiêu đề: “tin” +9"}}}, Fingerprint: feeds.Fingerprint{uint32(n)},
	}
	if change != nil {
		change(&a)
	}
	a.SetIdentity(false)
	for _, j := range jobs {
		out := feeds.Outcome{At: time.Now()}
		if j.Source.Department.ID == d {
			a.Source = j.Source.ID
			out.Articles = []feeds.Article{a}
		}
		if _, err := b.db.Commit(b.t.Context(), j, out); err != nil {
			b.t.Fatal(err)
		}
	}
	return feeds.NewArticleID(d, a.Identity)
}

func (b *bench) do(method, path string, header ...string) *http.Response {
	b.t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	b.server.ServeHTTP(w, r)
	return w.Result()
}

func (b *bench) body(path string) string {
	b.t.Helper()
	resp := b.do(http.MethodGet, path)
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		b.t.Fatalf("GET %s: %s, %v", path, resp.Status, err)
	}
	return string(data)
}

func (b *bench) times(path string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.drawn[path]
}

// follow lets the server catch up with the database: by asking for a feed as the
// hub does.
func (b *bench) follow() {
	b.t.Helper()
	if _, _, err := b.server.Feed(b.t.Context(), "/all.json"); err != nil {
		b.t.Fatal(err)
	}
}

func TestRenderedOncePerChange(t *testing.T) {
	b := newBench(t)
	b.publish("syt", "y-te", 1, nil)
	b.follow()
	for range 3 {
		b.body("/topics/y-te.rss")
		b.body("/topics/tai-chinh-thue.rss")
		b.body("/departments/syt.atom")
		b.body("/")
	}
	for _, p := range []string{"/topics/y-te.rss", "/topics/tai-chinh-thue.rss", "/departments/syt.atom", "/"} {
		if n := b.times(p); n != 1 {
			t.Errorf("%s was rendered %d times for 3 requests, want once", p, n)
		}
	}
	b.publish("syt", "y-te", 1, nil) // the same again: no change
	b.follow()
	b.body("/topics/y-te.rss")
	if n := b.times("/topics/y-te.rss"); n != 1 {
		t.Errorf("a poll that brought nothing had it rendered %d times, want once", n)
	}
	b.publish("syt", "y-te", 2, nil)
	b.follow()
	if !strings.Contains(b.body("/topics/y-te.rss"), "Tin số 2") || b.times("/topics/y-te.rss") != 2 {
		t.Errorf("after a change it was rendered %d times and must show it", b.times("/topics/y-te.rss"))
	}
	b.body("/topics/tai-chinh-thue.rss")
	if n := b.times("/topics/tai-chinh-thue.rss"); n != 1 {
		t.Errorf("a change of another topic had it rendered %d times, want once", n)
	}
	b.server.Use(catalogue("Tên mới"))
	if !strings.Contains(b.body("/topics/tai-chinh-thue.rss"), "Tên mới") {
		t.Error("the new catalogue does not show")
	}
}

func TestAnswers(t *testing.T) {
	b := newBench(t)
	b.publish("syt", "y-te", 1, nil)
	b.follow()
	etag := b.do(http.MethodGet, "/topics/y-te.rss").Header.Get("ETag")
	zipped := b.do(http.MethodGet, "/topics/y-te.rss", "Accept-Encoding", "gzip").Header.Get("ETag")
	tests := []struct {
		name, method, path string
		header             []string
		status             int
		want               map[string]string
	}{
		{"a feed", "GET", "/topics/y-te.rss", nil, 200, map[string]string{"Content-Type": "application/rss+xml; charset=utf-8", "Access-Control-Allow-Origin": "*", "Vary": "Accept-Encoding", "Content-Encoding": ""}},
		{"HEAD has the same headers", "HEAD", "/topics/y-te.rss", nil, 200, map[string]string{"ETag": etag, "Content-Type": "application/rss+xml; charset=utf-8"}},
		{"gzip where it is accepted", "GET", "/topics/y-te.atom", []string{"Accept-Encoding", "br;q=0.9, gzip;q=0.5"}, 200, map[string]string{"Content-Encoding": "gzip"}},
		{"gzip where all is accepted", "GET", "/topics/y-te.atom", []string{"Accept-Encoding", "*"}, 200, map[string]string{"Content-Encoding": "gzip"}},
		{"no gzip where it is refused", "GET", "/topics/y-te.atom", []string{"Accept-Encoding", "gzip;q=0, *"}, 200, map[string]string{"Content-Encoding": ""}},
		{"unchanged", "GET", "/topics/y-te.rss", []string{"If-None-Match", etag}, 304, map[string]string{"ETag": etag, "Content-Type": ""}},
		{"unchanged, by the other coding's tag", "GET", "/topics/y-te.rss", []string{"If-None-Match", `"x", W/` + zipped}, 304, nil},
		{"changed, by tag, whatever the date", "GET", "/topics/y-te.rss", []string{"If-None-Match", `"x"`, "If-Modified-Since", "Tue, 19 Jan 2038 00:00:00 GMT"}, 200, nil},
		{"unchanged by date", "GET", "/topics/y-te.rss", []string{"If-Modified-Since", "Tue, 19 Jan 2038 00:00:00 GMT"}, 304, nil},
		{"changed since", "GET", "/topics/y-te.rss", []string{"If-Modified-Since", "Tue, 19 Jan 2016 00:00:00 GMT"}, 200, nil},
		{"an unknown topic", "GET", "/topics/khong-co.rss", nil, 404, map[string]string{"Content-Type": "text/html; charset=utf-8"}},
		{"an unknown department", "GET", "/departments/khong-co", nil, 404, nil},
		{"no slug", "GET", "/topics/..%2fx.rss", nil, 404, nil},
		{"an unknown article", "GET", "/articles/00000000000000000000", nil, 404, nil},
		{"an article's name that is none", "GET", "/articles/' OR 1=1", nil, 404, nil},
		{"nothing there", "GET", "/wp-login.php", nil, 404, nil},
		{"writing is not allowed", "POST", "/topics/y-te.rss", nil, 405, map[string]string{"Allow": "GET, HEAD"}},
		{"all is the home page", "GET", "/all", nil, 301, map[string]string{"Location": "/"}},
		{"style", "GET", "/static/style.css", nil, 200, map[string]string{"Content-Type": "text/css; charset=utf-8"}},
		{"no listing of folders", "GET", "/static/", nil, 404, nil},
		{"alive", "GET", "/healthz", nil, 200, nil},
		{"ready", "GET", "/readyz", nil, 200, nil},
		{"the list of feeds", "GET", "/feeds.opml", nil, 200, map[string]string{"Content-Type": "text/x-opml; charset=utf-8"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, "/", nil)
			r.URL.Path = strings.ReplaceAll(tt.path, "%2f", "/")
			for i := 0; i+1 < len(tt.header); i += 2 {
				r.Header.Set(tt.header[i], tt.header[i+1])
			}
			w := httptest.NewRecorder()
			b.server.ServeHTTP(w, r)
			resp := w.Result()
			if resp.StatusCode == http.StatusMovedPermanently && tt.status == 404 || resp.StatusCode == http.StatusTemporaryRedirect && tt.status == 404 {
				return // a cleaned path: nothing was served
			}
			if resp.StatusCode != tt.status {
				t.Errorf("status %d, want %d", resp.StatusCode, tt.status)
			}
			for key, want := range tt.want {
				if got := resp.Header.Get(key); got != want {
					t.Errorf("%s: %q, want %q", key, got, want)
				}
			}
			if body := w.Body.Len(); (tt.method == "HEAD" || tt.status == 304) && body > 0 {
				t.Errorf("a body of %d bytes, want none", body)
			}
		})
	}
}

func TestGzipIsTheSameText(t *testing.T) {
	b := newBench(t)
	b.publish("syt", "y-te", 1, nil)
	b.follow()
	resp := b.do(http.MethodGet, "/topics/y-te.json", "Accept-Encoding", "gzip")
	z, err := gzip.NewReader(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil || string(text) != b.body("/topics/y-te.json") {
		t.Errorf("unzipped it differs (%v)", err)
	}
	if resp.Header.Get("ETag") == b.do(http.MethodGet, "/topics/y-te.json").Header.Get("ETag") {
		t.Error("two codings share a strong ETag (RFC 9110, 8.8.3.3)")
	}
}

// TestHostileText holds that what departments write does nothing but look ugly.
func TestHostileText(t *testing.T) {
	b := newBench(t)
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	id := b.publish("syt", "y-te", 1, func(a *feeds.Article) {
		a.Title, a.Summary, a.Author = evil, evil, evil
		a.Content = extract.Sanitize("<p>"+evil+`</p><a href="javascript:alert(1)">x</a>`, nil)
		a.Enclosures = []feeds.Enclosure{{URL: "javascript:alert(1)", Type: evil, Title: evil}}
		a.Topics[0].Why = []string{evil}
	})
	b.follow()
	for _, path := range []string{"/", "/topics/y-te", "/departments/syt", "/articles/" + string(id)} {
		body := b.body(path)
		for _, bad := range []string{"<script", "onerror=alert(1)>", `href="javascript:`} {
			if strings.Contains(body, bad) {
				t.Errorf("%s holds %s", path, bad)
			}
		}
	}
	csp := b.do(http.MethodGet, "/").Header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "script-src") {
		t.Errorf("Content-Security-Policy %q lets scripts run", csp)
	}
}

func TestArticlePage(t *testing.T) {
	b := newBench(t)
	lead := b.publish("syt", "y-te", 1, nil)
	other := b.publish("stc", "tai-chinh-thue", 1, func(a *feeds.Article) { a.Published = a.Published.Add(time.Hour) })
	b.publish("syt", "y-te", 1, func(a *feeds.Article) { a.Content = extract.Sanitize("<p>Nội dung đã sửa</p>", nil) })
	page := b.body("/articles/" + string(lead))
	for _, want := range []string{"Tin số 1", "Nội dung đã sửa", "(lần 2)", "Thứ Sáu, 20/11/2026 15:01", `href="http://syt.example/1"`, "Cũng được đăng bởi", `href="http://stc.example/1"`, "tiêu đề: “tin”"} {
		if !strings.Contains(page, want) {
			t.Errorf("the article's page lacks %q", want)
		}
	}
	resp := b.do(http.MethodGet, "/articles/"+string(other))
	if resp.StatusCode != http.StatusFound || resp.Header.Get("Location") != "/articles/"+string(lead) {
		t.Errorf("a copy's page gives %d to %s; want 302 to the story's", resp.StatusCode, resp.Header.Get("Location"))
	}
}

// TestFollow holds that a change that another process commits shows within a
// second.
func TestFollow(t *testing.T) {
	b := newBench(t)
	go b.server.Follow(t.Context())
	time.Sleep(50 * time.Millisecond)
	b.body("/topics/y-te.rss")
	b.publish("syt", "y-te", 1, nil)
	for end := time.Now().Add(2 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if strings.Contains(b.body("/topics/y-te.rss"), "Tin số 1") {
			return
		}
		if time.Now().After(end) {
			t.Fatal("the change did not show within 2 s")
		}
	}
}

func BenchmarkServe(b *testing.B) {
	db, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "t.db"), storage.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	server := serve.New(db, catalogue("Tin"), serve.Options{})
	for _, encoding := range []string{"identity", "gzip"} {
		b.Run(encoding, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, "/topics/y-te.rss", nil)
			r.Header.Set("Accept-Encoding", encoding)
			b.ReportAllocs()
			for b.Loop() {
				server.ServeHTTP(httptest.NewRecorder(), r)
			}
		})
	}
}
