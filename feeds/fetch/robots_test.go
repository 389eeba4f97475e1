package fetch

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gomtin/feeds"
)

const agent = "gomtin/1.0 (+mailto:a@b.vn)"

func address(t testing.TB, path string) *url.URL {
	t.Helper()
	u, err := url.Parse("http://a.vn" + path)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestRobotsPatterns(t *testing.T) {
	tests := []struct {
		name    string
		rules   string // of the group for "*"
		allowed string // paths, by spaces
		forbids string
	}{
		{"no rule allows all", "", "/ /tin", ""},
		{"an empty Disallow allows all", "Disallow:", "/ /tin", ""},
		{"a slash forbids all", "Disallow: /", "", "/ /tin /tin?id=7"},
		{"a pattern is a prefix", "Disallow: /fish", "/ /Fish.asp /catfish /?id=fish", "/fish /fish.html /fish/salmon /fishheads /fish.php?id=1"},
		{"a slash at the end is part of it", "Disallow: /fish/", "/fish /fish.html", "/fish/ /fish/?id=1 /fish/salmon"},
		{"a star is any run", "Disallow: /*.php", "/ /windows.PHP", "/index.php /filename.php /folder/x.php?p=1 /x.php5 /.php"},
		{"a star in the middle", "Disallow: /fish*.php", "/Fish.PHP /fish /fish.ph", "/fish.php /fishheads/catfish.php?p=1"},
		{"a star at the end adds nothing", "Disallow: /fish*", "/fis", "/fish /fishes"},
		{"two stars in a row are one", "Disallow: /a**b", "/a", "/ab /axb"},
		{"a dollar is the end", "Disallow: /*.php$", "/x.php?p=1 /x.php/ /x.php5", "/x.php /a/b.php /x.php.php"},
		{"a dollar after a plain path", "Disallow: /tin$", "/tin/ /tin?id=7 /tin.html", "/tin"},
		{"stars and a dollar do not overlap", "Disallow: /a*ab$", "/ab /aab/", "/aab /axab /abab"},
		{"a dollar elsewhere is itself", "Disallow: /a$b", "/a /ab", "/a$b /a$bc"},
		{"a query counts", "Disallow: /*?print=1", "/tin /tin?id=1", "/tin?print=1 /?print=1&id=2"},
		{"the longest rule wins", "Allow: /p\nDisallow: /", "/page /p", "/ /tin"},
		{"also if it forbids", "Disallow: /tin/nb\nAllow: /tin", "/tin /tin/x", "/tin/nb /tin/nb/x"},
		{"a wildcard counts by its length", "Allow: /page\nDisallow: /*.htm", "/page /page/x", "/page.htm"},
		{"allow wins a tie", "Disallow: /folder\nAllow: /folder", "/folder /folder/x", ""},
		{"allow wins a tie in the other order", "Allow: /folder\nDisallow: /folder", "/folder /folder/x", ""},
		{"the root alone", "Allow: /$\nDisallow: /", "/", "/tin /?id=7"},
		{"an address without path is the root", "Disallow: /$", "/tin", "/"},
		{"encoded letters are letters", "Disallow: /%74in", "/tim", "/tin /%74in"},
		{"Vietnamese encoded in the address", "Disallow: /tin-tức", "/tin-tuc", "/tin-t%E1%BB%A9c /tin-tức/1"},
		{"Vietnamese encoded in the rule", "Disallow: /tin-t%E1%BB%A9c", "/tin-tuc", "/tin-t%e1%bb%a9c /tin-tức"},
		{"an encoded star is no wildcard", "Disallow: /a-%2A.html", "/a-x.html", "/a-*.html /a-%2A.html"},
		{"an encoded dollar is no end", "Disallow: /a-%24", "/a-", "/a-$ /a-%24b"},
		{"a comment ends a rule", "Disallow: /tin # not yet", "/x", "/tin /tin/x"},
		{"keys in any case, spaces anywhere", "  DISALLOW  :  /tin  ", "/x", "/tin"},
		{"nonsense is passed over", "Disallow /x\n<html>\n: /x\nNoindex: /x\nDisallow: /tin", "/x", "/tin"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rules := parseRobots([]byte("User-agent: *\n"+tt.rules+"\n"), agent)
			for want, paths := range map[bool]string{true: tt.allowed, false: tt.forbids} {
				for _, path := range strings.Fields(paths) {
					if got := allowed(rules, address(t, path)); got != want {
						t.Errorf("with %q, %s is allowed: %v, want %v", tt.rules, path, got, want)
					}
				}
			}
		})
	}
	if u := address(t, ""); allowed(parseRobots([]byte("User-agent: *\nDisallow: /$"), agent), u) {
		t.Errorf(`with "Disallow: /$", %s is allowed, want it forbidden as the root is`, u)
	}
}

func TestRobotsGroups(t *testing.T) {
	tests := []struct {
		name    string
		robots  string
		forbids string // of /a /b /c, those forbidden
	}{
		{"an empty file", "", ""},
		{"the group for all", "User-agent: *\nDisallow: /a", "/a"},
		{"our group, not the one for all", "User-agent: *\nDisallow: /a\n\nUser-agent: gomtin\nDisallow: /b", "/b"},
		{"our group before the one for all", "User-agent: gomtin\nDisallow: /b\n\nUser-agent: *\nDisallow: /a", "/b"},
		{"our group frees us", "User-agent: *\nDisallow: /\n\nUser-agent: gomtin\nDisallow:", ""},
		{"our group without a rule frees us", "User-agent: *\nDisallow: /\n\nUser-agent: gomtin\n", ""},
		{"our name in any case", "User-Agent: GomTin\nDisallow: /a", "/a"},
		{"another's group", "User-agent: googlebot\nDisallow: /", ""},
		{"names that only begin like ours", "User-agent: gomtin-news\nDisallow: /a\n\nUser-agent: gom\nDisallow: /b", ""},
		{"a group of several, we last", "User-agent: googlebot\nUser-agent: gomtin\nDisallow: /a", "/a"},
		{"a group of several, we first", "User-agent: gomtin\nUser-agent: googlebot\nDisallow: /a\nDisallow: /b", "/a /b"},
		{"a group of several with all", "User-agent: googlebot\nUser-agent: *\nDisallow: /a", "/a"},
		{"a group of us and all", "User-agent: *\nUser-agent: gomtin\nDisallow: /a", "/a"},
		{"our groups are joined", "User-agent: gomtin\nDisallow: /a\n\nUser-agent: x\nDisallow: /b\n\nUser-agent: gomtin\nDisallow: /c", "/a /c"},
		{"groups for all are joined", "User-agent: *\nDisallow: /a\n\nUser-agent: x\nDisallow: /b\n\nUser-agent: *\nDisallow: /c", "/a /c"},
		{"an empty line does not end a group", "User-agent: gomtin\n\nDisallow: /a\n\nDisallow: /b", "/a /b"},
		{"other lines do not end a group", "User-agent: gomtin\nCrawl-delay: 5\nUser-agent: x\nSitemap: http://a.vn/s.xml\nDisallow: /a", "/a"},
		{"a group begins after the rules", "User-agent: gomtin\nDisallow: /a\nUser-agent: x\nDisallow: /b", "/a"},
		{"an empty rule is a rule", "User-agent: x\nDisallow:\nUser-agent: gomtin\nDisallow: /a", "/a"},
		{"rules before any group are nobody's", "Disallow: /a\nUser-agent: *\nDisallow: /b", "/b"},
		{"comments", "# hello\nUser-agent: gomtin # us\n# Disallow: /b\nDisallow: /a #Disallow: /c", "/a"},
		{"a byte order mark", "\ufeffUser-agent: *\nDisallow: /a", "/a"},
		{"lines that end in CR LF", "User-agent: *\r\nDisallow: /a\r\nDisallow: /b\r\n", "/a /b"},
		{"lines that end in CR, as RFC 9309 has them", "User-agent: *\rDisallow: /a\rDisallow: /b\r", "/a /b"},
		{"rules within 500 KiB", "User-agent: *\n" + strings.Repeat("# padding\n", 50_000) + "Disallow: /a", "/a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rules := parseRobots([]byte(tt.robots), agent)
			var got []string
			for _, path := range []string{"/a", "/b", "/c"} {
				if !allowed(rules, address(t, path)) {
					got = append(got, path)
				}
			}
			if diff := cmp.Diff(strings.Fields(tt.forbids), append([]string{}, got...)); diff != "" {
				t.Errorf("%.200q forbids other paths (-want +got):\n%s", tt.robots, diff)
			}
		})
	}
}

func TestARuleCutAtTheLimitForbidsNoMoreThanTheWholeOne(t *testing.T) {
	head, rule := "User-agent: *\n", "Disallow: /secret"
	pad := strings.Repeat("#", maxRobots-len(head)-len(rule)+len("secret")-1)
	rules := parseRobots([]byte(head+pad+"\n"+rule+"\n"), agent)
	if !allowed(rules, address(t, "/tin")) {
		t.Errorf("%q, cut by the limit of %d bytes, forbids /tin", rule, maxRobots)
	}
}

func TestAHostilePatternCostsLittle(t *testing.T) {
	pattern, path := strings.Repeat("*a", 2000)+"b", strings.Repeat("a", 4000)
	start := time.Now()
	if newRule(false, pattern).matches(path) {
		t.Error("2000 stars match a path without b, want no match")
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("2000 stars took %v, want less than 1s", took)
	}
}

func TestFetchAsksRobots(t *testing.T) {
	tests := []struct {
		name   string
		robots http.HandlerFunc
		fault  feeds.Fault // of /tin; Unknown if it is fetched
		says   string
	}{
		{"a file that allows", say(200, "User-agent: *\nDisallow: /x"), feeds.Unknown, ""},
		{"a file that forbids", say(200, "User-agent: *\nDisallow: /tin"), feeds.Refused, "robots.txt"},
		{"a file that forbids us", say(200, "User-agent: gomtin\nDisallow: /"), feeds.Refused, "robots.txt"},
		{"400 allows all, like any 4xx in RFC 9309, 2.3.1.3", say(400, ""), feeds.Unknown, ""},
		{"401 allows all", say(401, ""), feeds.Unknown, ""},
		{"403 allows all", say(403, ""), feeds.Unknown, ""},
		{"404 allows all", say(404, "User-agent: *\nDisallow: /"), feeds.Unknown, ""},
		{"410 allows all", say(410, ""), feeds.Unknown, ""},
		{"500 forbids for now", say(500, ""), feeds.Transient, "500"},
		{"503 forbids for as long as it says", say(503, "", "Retry-After", "120"), feeds.Throttled, "503"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var pages atomic.Int32
			srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/robots.txt" {
					tt.robots(w, r)
					return
				}
				pages.Add(1)
				io.WriteString(w, "tin")
			})
			c := loopback(t, Options{})
			page, err := c.Fetch(t.Context(), feeds.Request{URL: srv.URL + "/tin", Robots: true})
			if tt.fault == feeds.Unknown {
				if err != nil || string(page.Body) != "tin" {
					t.Errorf("Fetch = %+v, %v, want the page", page, err)
				}
				return
			}
			wantError(t, page, err, tt.fault, tt.says, srv.URL)
			if n := pages.Load(); n != 0 {
				t.Errorf("the page was asked for %d times, want never", n)
			}
			if _, err := c.Fetch(t.Context(), feeds.Request{URL: srv.URL + "/tin"}); err != nil {
				t.Errorf("a request that does not ask robots.txt got %v, want the page", err)
			}
		})
	}
}

func TestRobotsIsFollowedAndAskedAtEachRedirect(t *testing.T) {
	var secret atomic.Int32
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/robots.txt":
			http.Redirect(w, r, "/moved/robots.txt", http.StatusMovedPermanently)
		case "/moved/robots.txt":
			io.WriteString(w, "User-agent: *\nDisallow: /secret")
		case "/open":
			http.Redirect(w, r, "/secret", http.StatusFound)
		case "/secret":
			secret.Add(1)
		}
	})
	page, err := loopback(t, Options{}).Fetch(t.Context(), feeds.Request{URL: srv.URL + "/open", Robots: true})
	wantError(t, page, err, feeds.Refused, "robots.txt", srv.URL+"/secret")
	if n := secret.Load(); n != 0 {
		t.Errorf("the forbidden page was asked for %d times, want never", n)
	}
}

func TestRobotsIsAskedOnceADay(t *testing.T) {
	var asked atomic.Int32
	srv := brief(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			asked.Add(1)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		c := loopback(t, Options{})
		steps := []struct {
			after time.Duration
			want  int32
		}{{0, 1}, {0, 1}, {23 * time.Hour, 1}, {2 * time.Hour, 2}, {time.Hour, 2}}
		for i, s := range steps {
			time.Sleep(s.after)
			if _, err := c.Fetch(t.Context(), feeds.Request{URL: fmt.Sprintf("%s/%d", srv, i), Robots: true}); err != nil {
				t.Fatal(err)
			}
			if n := asked.Load(); n != s.want {
				t.Errorf("page %d, %v after the one before: robots.txt was asked for %d times, want %d", i+1, s.after, n, s.want)
			}
		}
	})
}

func FuzzRobots(f *testing.F) {
	f.Add([]byte("\ufeffUser-agent: *\r\nDisallow: /*.php$\nAllow: /%74in # x\n"), "/tin.php")
	f.Add([]byte("User-agent: gomtin\nUser-agent: *\nDisallow:\nDisallow: *$*"), "/tin-tức?id=7")
	f.Add([]byte("Disallow: /%zz%"), "a$b")
	f.Fuzz(func(t *testing.T, body []byte, path string) {
		u := &url.URL{Scheme: "http", Host: "a.vn", Path: path}
		rules := parseRobots(body, agent)
		got := allowed(rules, u)
		crlf := parseRobots(bytes.ReplaceAll(body, []byte("\n"), []byte("\r\n")), agent)
		if len(body) < maxRobots/2 && allowed(crlf, u) != got {
			t.Errorf("%q: %q is allowed: %v with LF, %v with CR LF", body, path, got, !got)
		}
		if !allowed(parseRobots([]byte("User-agent: *\nDisallow:\n"), agent), u) {
			t.Errorf("an empty Disallow forbids %q", path)
		}
		if strings.ContainsAny(path, "*$") {
			return
		}
		if !newRule(false, path).matches(unescapePath(path)) {
			t.Errorf("the pattern %q does not match itself", path)
		}
		if strings.HasPrefix(path, "/") && !strings.ContainsAny(path, "%#\r\n") && strings.TrimSpace(path) == path &&
			allowed(parseRobots([]byte("User-agent: *\nDisallow: "+path), agent), u) {
			t.Errorf("Disallow: %q allows that very path", path)
		}
	})
}
