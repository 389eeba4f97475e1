package main

import (
	"database/sql"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gomtin/feeds/curate"
	"gomtin/feeds/publish"
	"gomtin/feeds/publish/publishtest"
)

// startDemo runs "gomtin demo" until its first round is over.
func startDemo(t *testing.T, more ...string) (site string, output *safeBuffer, stop func() error) {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	output, stop = start(t, append([]string{"demo", "--listen", "127.0.0.1:" + port}, more...)...)
	eventually(t, 20*time.Second, output.String, func() bool { return strings.Contains(output.String(), "Ctrl-C ends the demo") })
	return "http://127.0.0.1:" + port, output, stop
}

// A jsonFeed is what this test reads of a feed; it shares no code with what
// wrote it.
type jsonFeed struct {
	Items []struct {
		ID          string `json:"id"`
		URL         string `json:"url"`
		Title       string `json:"title"`
		ContentHTML string `json:"content_html"`
		Authors     []struct {
			Name string `json:"name"`
		} `json:"authors"`
		Gomtin struct {
			Topics  []string `json:"topics"`
			Related []struct {
				URL string `json:"url"`
			} `json:"related"`
		} `json:"_gomtin"`
	} `json:"items"`
}

func readJSONFeed(t *testing.T, url string) jsonFeed {
	t.Helper()
	var f jsonFeed
	if err := json.Unmarshal(fetchBody(t, url), &f); err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	return f
}

var totalsForm = regexp.MustCompile(`(\d+) articles, (\d+) stories, (\d+) topics`)

// TestDemo runs the demo as its user does and holds it to the whole contract:
// its numbers are those of the feeds, every feed keeps its standard, the article
// that the project began with is read as a person reads it.
func TestDemo(t *testing.T) {
	site, output, _ := startDemo(t)

	t.Run("its numbers are those that the feeds hold", func(t *testing.T) {
		articles, stories, topics := make(map[string]bool), make(map[string]bool), 0
		for _, r := range curate.BuiltIn() {
			f := readJSONFeed(t, site+"/topics/"+string(r.ID)+".json")
			if len(f.Items) > 0 {
				topics++
			}
			for _, i := range f.Items {
				stories[i.ID], articles[i.URL] = true, true
				for _, o := range i.Gomtin.Related {
					articles[o.URL] = true
				}
			}
		}
		all := totalsForm.FindAllStringSubmatch(output.String(), -1)
		last := all[len(all)-1]
		if got := []string{strconv.Itoa(len(articles)), strconv.Itoa(len(stories)), strconv.Itoa(topics)}; !slices.Equal(got, last[1:]) {
			t.Errorf("the feeds hold %v articles, stories, topics; the demo prints %v", got, last[1:])
		}
		if len(articles) < 60 || topics != 14 || len(articles)-len(stories) < 3 {
			t.Errorf("%d articles, %d stories, %d topics; want 60, 3 copies and 14 at least", len(articles), len(stories), topics)
		}
	})

	t.Run("every feed keeps its standard", func(t *testing.T) { checkFeeds(t, site) })
	t.Run("the article that the project began with", func(t *testing.T) { checkSeed(t, site) })
	t.Run("newsboat subscribes and shows it", func(t *testing.T) { checkNewsboat(t, site) })
	t.Run("pages are there for people", func(t *testing.T) {
		home := string(fetchBody(t, site+"/"))
		for _, want := range []string{`<html lang="vi">`, `type="application/rss+xml"`, "Giáo dục, đào tạo", "Sở Y tế"} {
			if !strings.Contains(home, want) {
				t.Errorf("the home page lacks %s", want)
			}
		}
		for _, path := range regexp.MustCompile(`href="(/[^"#]*)"`).FindAllStringSubmatch(home, -1) {
			fetchBody(t, site+path[1]) // no dead link
		}
	})
	t.Run("something new arrives", func(t *testing.T) {
		before := len(readJSONFeed(t, site+"/topics/chinh-quyen.json").Items)
		eventually(t, 40*time.Second, output.String, func() bool { return strings.Contains(output.String(), "+1 Cổng thông tin điện tử tỉnh") })
		eventually(t, 5*time.Second, output.String, func() bool {
			return len(readJSONFeed(t, site+"/topics/chinh-quyen.json").Items) == before+1
		})
	})
}

func checkFeeds(t *testing.T, site string) {
	paths := []string{"/all"}
	for _, r := range curate.BuiltIn() {
		paths = append(paths, "/topics/"+string(r.ID))
	}
	for _, d := range []string{"cong", "syt", "sgddt", "congan", "stc", "skhcn", "snnmt", "svhttdl"} {
		paths = append(paths, "/departments/"+d)
	}
	check := map[string]func([]byte) []publishtest.Violation{".rss": publishtest.RSS, ".atom": publishtest.Atom, ".json": publishtest.JSON}
	dir := t.TempDir()
	var atoms []string
	for _, p := range paths {
		for _, f := range publish.Formats {
			doc := fetchBody(t, site+p+f.Ending)
			for _, v := range check[f.Ending](doc) {
				t.Errorf("%s%s: %v", p, f.Ending, v)
			}
			if f.Ending == ".atom" {
				file := filepath.Join(dir, strings.ReplaceAll(p[1:], "/", "-")+".atom")
				if err := os.WriteFile(file, doc, 0o644); err != nil {
					t.Fatal(err)
				}
				atoms = append(atoms, file)
			}
		}
	}
	for _, v := range publishtest.OPML(fetchBody(t, site+"/feeds.opml")) {
		t.Errorf("/feeds.opml: %v", v)
	}
	// The schema of RFC 4287 belongs to the IETF and is kept beside the project.
	const schema = "../../../shared/schema/atom.rnc"
	if _, err := os.Stat(schema); err != nil {
		t.Log("no RELAX NG schema beside the project; the rules of publishtest stand alone")
		return
	}
	if !installed(t, "jing") {
		return
	}
	if out, err := exec.Command("jing", append([]string{"-c", schema}, atoms...)...).CombinedOutput(); err != nil {
		t.Errorf("jing: %v\n%s", err, out)
	}
}

// installed reports whether a program is there. "make test" installs what is
// missing on Debian; where it can't, the check is left out, but never in CI.
func installed(t *testing.T, name string) bool {
	t.Helper()
	_, err := exec.LookPath(name)
	switch {
	case err == nil:
		return true
	case os.Getenv("CI") != "":
		t.Fatalf("%s is not installed; make deps installs it", name)
	default:
		t.Logf("%s is not installed; this check is left out", name)
	}
	return false
}

const seedTitle = "UBND tỉnh ký kết Quy chế phối hợp với các tổ chức chính trị - xã hội"

func checkSeed(t *testing.T, site string) {
	f := readJSONFeed(t, site+"/topics/doan-the-dang.json")
	for _, i := range f.Items {
		if i.Title != seedTitle {
			continue
		}
		if len(i.Authors) != 1 || i.Authors[0].Name != "Kim Loan" {
			t.Errorf("authors %+v, want Kim Loan", i.Authors)
		}
		if want := []string{"doan-the-dang", "chinh-quyen"}; !slices.Equal(i.Gomtin.Topics, want) {
			t.Errorf("topics %v, want %v", i.Gomtin.Topics, want)
		}
		for _, junk := range []string{"A+", "tương phản", "Tin nổi bật", "binhdinh.gov.vn) -", "./.", "Tác giả", "onclick", "fb-share"} {
			if strings.Contains(i.ContentHTML, junk) {
				t.Errorf("%q is left in the text", junk)
			}
		}
		for _, want := range []string{
			"<p>Chiều 22/9, UBND tỉnh đã tổ chức Lễ ký kết",
			`<figcaption><em>Quang cảnh lễ ký kết</em></figcaption>`,
			"(giữa) ký kết quy chế phối hợp với các tổ chức chính trị - xã hội.</em></figcaption>",
			"từng ngành, lĩnh lực.</p>",
		} {
			if !strings.Contains(i.ContentHTML, want) {
				t.Errorf("%q is missing in %s", want, i.ContentHTML)
			}
		}
		if n := strings.Count(i.ContentHTML, "<figure"); n != 2 {
			t.Errorf("%d figures, want 2", n)
		}
		return
	}
	t.Errorf("no entry %q under doan-the-dang", seedTitle)
}

// checkNewsboat lets a real feed reader subscribe, in every format it knows.
func checkNewsboat(t *testing.T, site string) {
	if !installed(t, "newsboat") {
		return
	}
	for _, ending := range []string{".rss", ".atom"} {
		dir := t.TempDir()
		urls, cache := filepath.Join(dir, "urls"), filepath.Join(dir, "cache.db")
		address := site + "/topics/doan-the-dang" + ending
		if err := os.WriteFile(urls, []byte(address+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "config"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("newsboat", "-u", urls, "-c", cache, "-C", filepath.Join(dir, "config"), "-x", "reload")
		cmd.Env = append(os.Environ(), "HOME="+dir, "LC_ALL=C.UTF-8")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("newsboat: %v\n%s", err, out)
		}
		db, err := sql.Open("sqlite", cache)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		var author, content, link string
		err = db.QueryRow(`SELECT author, content, url FROM rss_item WHERE title = ? AND feedurl = ?`, seedTitle, address).Scan(&author, &content, &link)
		if err != nil {
			t.Errorf("newsboat does not show the article from %s: %v", address, err)
			continue
		}
		if author != "Kim Loan" || !strings.Contains(content, "Chiều 22/9") || !strings.Contains(link, "cong.localhost") {
			t.Errorf("newsboat shows %q by %q with link %s", content[:min(len(content), 80)], author, link)
		}
	}
}

// TestDemoAgain holds that ids do not depend on when or where the demo runs, and
// that it can keep its database.
func TestDemoAgain(t *testing.T) {
	dir := t.TempDir()
	site, _, stop := startDemo(t, "--db", "sqlite:"+filepath.Join(dir, "kept.db"))
	ids := func() (all []string) {
		for _, i := range readJSONFeed(t, site+"/topics/y-te.json").Items {
			all = append(all, i.ID+" "+i.Title)
		}
		return all
	}
	first := ids()
	body := fetchBody(t, site+"/topics/y-te.atom")
	if err := stop(); err != nil {
		t.Fatalf("the demo did not end well: %v", err)
	}
	output, stop := start(t, "demo", "--listen", strings.TrimPrefix(site, "http://"))
	eventually(t, 20*time.Second, output.String, func() bool { return strings.Contains(output.String(), "Ctrl-C ends the demo") })
	if second := ids(); !slices.Equal(first, second) {
		t.Errorf("a rebuilt database gives other entries:\n%s\n%s", strings.Join(first, "\n"), strings.Join(second, "\n"))
	}
	if again := fetchBody(t, site+"/topics/y-te.atom"); string(again) != string(body) {
		t.Error("a rebuilt database gives other bytes")
	}
	stop()
	output, _ = start(t, "demo", "--listen", strings.TrimPrefix(site, "http://"), "--db", "sqlite:"+filepath.Join(dir, "kept.db"))
	eventually(t, 20*time.Second, output.String, func() bool { return strings.Contains(output.String(), "Ctrl-C ends the demo") })
	if third := ids(); !slices.Equal(first, third) {
		t.Errorf("a kept database gives other entries:\n%s\n%s", strings.Join(first, "\n"), strings.Join(third, "\n"))
	}
}

// TestDemoElsewhere holds that the demo works on an address where its departments
// can't live, and on all addresses at once.
func TestDemoElsewhere(t *testing.T) {
	places := map[string]string{"0.0.0.0": "127.0.0.1", "": "127.0.0.1"}
	if l, err := net.Listen("tcp", "[::1]:0"); err == nil { // not every machine has IPv6
		l.Close()
		places["[::1]"] = "[::1]"
	}
	for listen, host := range places {
		port, err := freePort()
		if err != nil {
			t.Fatal(err)
		}
		output, stop := start(t, "demo", "--listen", listen+":"+port)
		eventually(t, 20*time.Second, output.String, func() bool { return strings.Contains(output.String(), "62 stories, 14 topics") })
		site := "http://" + host + ":" + port
		if !strings.Contains(output.String(), "open        "+site+"/\n") {
			t.Errorf("--listen %s:%s prints\n%s", listen, port, output.String())
		}
		if body := string(fetchBody(t, site+"/topics/y-te.atom")); !strings.Contains(body, `rel="self" type="application/atom+xml" href="`+site+`/topics/y-te.atom"`) {
			t.Errorf("the self link is not at %s: %.600s", site, body)
		}
		stop()
	}
}

// TestConditionalGet holds what a polling reader relies on.
func TestConditionalGet(t *testing.T) {
	site, _, _ := startDemo(t)
	for _, encoding := range []string{"identity", "gzip"} {
		req, err := http.NewRequest(http.MethodGet, site+"/topics/y-te.rss", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept-Encoding", encoding)
		first, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		first.Body.Close()
		etag := first.Header.Get("ETag")
		if first.StatusCode != 200 || etag == "" || first.Header.Get("Vary") != "Accept-Encoding" {
			t.Fatalf("%s: %d, ETag %s, Vary %s", encoding, first.StatusCode, etag, first.Header.Get("Vary"))
		}
		for _, tags := range []string{etag, "W/" + etag, `"x", ` + etag, "*"} {
			req.Header.Set("If-None-Match", tags)
			again, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			again.Body.Close()
			if again.StatusCode != http.StatusNotModified || again.Header.Get("ETag") != etag {
				t.Errorf("%s: If-None-Match %s: %d, ETag %s; want 304, %s", encoding, tags, again.StatusCode, again.Header.Get("ETag"), etag)
			}
		}
	}
}
