// Package province is the sample province of "gomtin demo" and of the tests:
// eight departments' sites, each as a different system would send it, with all
// its faults. It is a real HTTP handler over texts that are embedded as txtar:
// systems/ has what each system's pages look like, articles/ what each
// department wrote. Read [New] first.
package province

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"image"
	"image/color"
	"image/jpeg"
	"net"
	"net/http"
	"strings"
	"sync"
	"text/template"
	"time"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/tools/txtar"

	"gomtin/feeds"
)

//go:embed articles/*.txtar systems/*.txtar
var files embed.FS

// departments are the eight sites: what they publish with, and what of it gomtin
// is told.
var departments = []struct {
	id, name, system string
	topics           []feeds.TopicID
	fullText         bool
}{
	{"cong", "Cổng thông tin điện tử tỉnh", "vhv", []feeds.TopicID{"chinh-quyen"}, false},
	{"syt", "Sở Y tế", "nukeviet", []feeds.TopicID{"y-te"}, true},
	{"sgddt", "Sở Giáo dục và Đào tạo", "wordpress", []feeds.TopicID{"giao-duc-dao-tao"}, false},
	{"congan", "Công an tỉnh", "dotnet", []feeds.TopicID{"an-ninh-quoc-phong-phap-luat"}, false},
	{"stc", "Sở Tài chính", "atom", []feeds.TopicID{"tai-chinh-thue", "kinh-te-dau-tu"}, false},
	{"skhcn", "Sở Khoa học và Công nghệ", "jsonfeed", []feeds.TopicID{"khoa-hoc-cong-nghe-truyen-thong", "cai-cach-chuyen-doi-so"}, false},
	{"snnmt", "Sở Nông nghiệp và Môi trường", "windows1258", []feeds.TopicID{"nong-nghiep-nong-thon", "tai-nguyen-moi-truong-thien-tai"}, false},
	{"svhttdl", "Sở Văn hóa, Thể thao và Du lịch", "vhv", []feeds.TopicID{"van-hoa-the-thao-du-lich"}, false},
}

// A Province is an http.Handler that answers for all its sites by the request's
// Host. It is safe for concurrent use.
type Province struct {
	sites []*Site
	mu    sync.Mutex // guards what is published
	turn  int        // whose turn it is to publish
	count int        // bulletins so far
}

// A Site is one department's.
type Site struct {
	ID, Name string
	Tag      string // how its datelines name it
	system   *system
	host     string
	topics   []feeds.TopicID
	fullText bool
	articles []*Article // newest first
	later    []*Article
	bulletin string
	down     bool
}

// A system is what one CMS sends.
type system struct {
	feed, list, article string // paths; article with {slug}, {id}, {section}
	mediaType, charset  string
	pages               *template.Template
}

// New returns the province whose sites answer at ID.localhost and port.
func New(port string) (*Province, error) {
	p := &Province{}
	for _, d := range departments {
		sys, err := readSystem(d.system)
		if err != nil {
			return nil, fmt.Errorf("system %s: %w", d.system, err)
		}
		s := &Site{ID: d.id, Name: d.name, Tag: d.id + ".gialai.gov.vn", system: sys, host: net.JoinHostPort(d.id+".localhost", port), topics: d.topics, fullText: d.fullText}
		if d.id == "cong" {
			s.Tag = "binhdinh.gov.vn"
		}
		data, err := files.ReadFile("articles/" + d.id + ".txtar")
		if err != nil {
			return nil, err
		}
		var start []*Article
		if start, s.later, s.bulletin, err = readArticles(data); err != nil {
			return nil, fmt.Errorf("%s: %w", d.id, err)
		}
		for _, a := range start {
			s.add(a)
		}
		p.sites = append(p.sites, s)
	}
	return p, nil
}

// URL is the site's home.
func (s *Site) URL() string { return "http://" + s.host }

// Host is the site's host and port.
func (s *Site) Host() string { return s.host }

// add publishes an article; the newest comes first.
func (s *Site) add(a *Article) {
	a.site, a.path = s, pathOf(a, s.system.article)
	i := 0
	for i < len(s.articles) && s.articles[i].Date.After(a.Date) {
		i++
	}
	s.articles = append(s.articles[:i], append([]*Article{a}, s.articles[i:]...)...)
}

func readSystem(name string) (*system, error) {
	sys := &system{mediaType: "text/html; charset=utf-8", pages: template.New(name).Funcs(funcs)}
	for _, from := range []string{"plain", name} {
		data, err := files.ReadFile("systems/" + from + ".txtar")
		if err != nil {
			return nil, err
		}
		archive := txtar.Parse(data)
		for line := range strings.Lines(string(archive.Comment)) {
			key, value, _ := strings.Cut(line, ": ")
			value = strings.TrimSpace(value)
			switch key {
			case "feed":
				sys.feed = value
			case "list":
				sys.list = value
			case "article":
				sys.article = value
			case "type":
				sys.mediaType = value
			case "charset":
				sys.charset = value
			}
		}
		for _, f := range archive.Files {
			if _, err := sys.pages.New(f.Name).Parse(string(f.Data)); err != nil {
				return nil, err
			}
		}
	}
	return sys, nil
}

// Departments returns the catalogue's part of the province.
func (p *Province) Departments() (departments []feeds.Department, sources []feeds.Source) {
	for _, s := range p.sites {
		d := feeds.Department{ID: feeds.DepartmentID(s.ID), Name: s.Name, Home: s.URL() + "/", Topics: s.topics}
		src := feeds.Source{Department: d, Kind: feeds.KindFeed, URL: s.URL() + s.system.feed, FullText: s.fullText}
		if s.system.feed == "" {
			src.Kind, src.URL = feeds.KindList, s.URL()+s.system.list
		}
		departments, sources = append(departments, d), append(sources, src)
	}
	return departments, sources
}

// Articles returns what is published now, for tests: department ids to articles,
// newest first.
func (p *Province) Articles() map[string][]Article {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make(map[string][]Article)
	for _, s := range p.sites {
		for _, a := range s.articles {
			all[s.ID] = append(all[s.ID], *a)
		}
	}
	return all
}

// Publish lets the next department publish something new at now, and returns it.
// Texts written for the purpose come first, then bulletins without end.
func (p *Province) Publish(now time.Time) (department string, a Article, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.sites[p.turn%len(p.sites)]
	p.turn++
	var next *Article
	if len(s.later) > 0 {
		next, s.later = s.later[0], s.later[1:]
	} else if next, err = p.nextBulletin(s, now); err != nil {
		return "", Article{}, err
	}
	next.Date = now.In(zone).Truncate(time.Second)
	s.add(next)
	return s.Name, *next, nil
}

// nextBulletin fills in the site's template.
func (p *Province) nextBulletin(s *Site, now time.Time) (*Article, error) {
	p.count++
	pairs := []string{"{n}", fmt.Sprint(p.count), "{time}", now.In(zone).Format("15:04")}
	for i, name := range []string{"{a}", "{b}", "{c}", "{d}", "{e}"} {
		pairs = append(pairs, name, fmt.Sprint(3+(p.count*(7+4*i)+11*i)%89))
	}
	a, err := readArticle(strings.NewReplacer(pairs...).Replace(s.bulletin))
	if err != nil {
		return nil, fmt.Errorf("%s: bulletin: %w", s.ID, err)
	}
	a.ID = 300 + p.count
	return a, nil
}

// Correct changes the title of the newest article of a department and returns it.
func (p *Province) Correct(department, title string) (Article, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.sites {
		if s.ID == department && len(s.articles) > 0 {
			s.articles[0].Title = title
			return *s.articles[0], true
		}
	}
	return Article{}, false
}

// SetDown makes a department's site answer 500 to everything, or work again.
func (p *Province) SetDown(department string, down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.sites {
		if s.ID == department {
			s.down = down
		}
	}
}

// Owns reports whether host, of a request, is one of the province's sites.
func (p *Province) Owns(host string) bool { return p.site(host) != nil }

func (p *Province) site(host string) *Site {
	for _, s := range p.sites {
		if strings.EqualFold(s.host, host) {
			return s
		}
	}
	return nil
}

func (p *Province) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := p.site(r.Host)
	if s == nil || r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.NotFound(w, r)
		return
	}
	p.mu.Lock()
	status, mediaType, body, err := s.answer(r.URL.Path)
	p.mu.Unlock()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if status != http.StatusOK {
		http.Error(w, http.StatusText(status), status)
		return
	}
	sum := sha256.Sum256(body)
	etag := `"` + hex.EncodeToString(sum[:8]) + `"`
	w.Header().Set("ETag", etag)
	w.Header().Set("Content-Type", mediaType)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body)) // knows If-None-Match
}

// answer makes the answer for a path. The caller holds the province's lock.
func (s *Site) answer(path string) (status int, mediaType string, body []byte, err error) {
	const page = "text/html; charset=utf-8"
	switch {
	case s.down:
		return http.StatusInternalServerError, "", nil, nil
	case s.system.feed != "" && path == s.system.feed:
		body, err = s.render("feed", nil)
		return http.StatusOK, s.system.mediaType, body, err
	case path == "/" || path == s.system.list:
		body, err = s.render("list", nil)
		return http.StatusOK, page, body, err
	case strings.HasSuffix(path, ".jpg"):
		body, err = picture(path)
		return http.StatusOK, "image/jpeg", body, err
	}
	for _, a := range s.articles {
		if a.Path() == path {
			body, err = s.render("article", a)
			return http.StatusOK, page, body, err
		}
	}
	return http.StatusNotFound, "", nil, nil
}

func (s *Site) render(name string, a *Article) ([]byte, error) {
	var b bytes.Buffer
	err := s.system.pages.ExecuteTemplate(&b, name, map[string]any{"Site": s, "Articles": s.articles[:min(len(s.articles), 30)], "Article": a})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.ID, err)
	}
	if name == "feed" && s.system.charset == "windows-1258" {
		return encode1258(b.String()), nil
	}
	return b.Bytes(), nil
}

// encode1258 writes Vietnamese as windows-1258 does: a letter, then its tone.
func encode1258(text string) []byte {
	const tones = "\u0300\u0301\u0303\u0309\u0323"
	var out []byte
	for _, r := range norm.NFC.String(text) {
		if b, ok := charmap.Windows1258.EncodeRune(r); ok {
			out = append(out, b)
			continue
		}
		letter, tone := "", ""
		for _, part := range norm.NFD.String(string(r)) {
			if strings.ContainsRune(tones, part) {
				tone += string(part)
			} else {
				letter += string(part)
			}
		}
		for _, part := range norm.NFC.String(letter) + tone {
			if b, ok := charmap.Windows1258.EncodeRune(part); ok {
				out = append(out, b)
			}
		}
	}
	return out
}

// picture draws what stands for a photograph: two colours told by its path.
func picture(path string) ([]byte, error) {
	h := fnv.New32a()
	h.Write([]byte(path))
	n := h.Sum32()
	img := image.NewRGBA(image.Rect(0, 0, 800, 500))
	for y := range 500 {
		for x := range 800 {
			t := (x + y) * 255 / 1300
			hill := y > 330+int(n>>16%60)-((x-int(n%800))*(x-int(n%800)))/2500
			c := color.RGBA{uint8(90 + n%80 + uint32(t)/3), uint8(120 + n>>8%60 + uint32(t)/4), uint8(150 + uint32(t)/3), 255}
			if hill {
				c = color.RGBA{uint8(40 + n>>4%60), uint8(90 + n>>12%50), uint8(60 + n>>20%40), 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 80})
	return b.Bytes(), err
}
