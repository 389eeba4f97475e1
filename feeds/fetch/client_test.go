package fetch

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gomtin/feeds"
)

// serve answers on loopback with h until the test ends.
func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv
}

// say answers with a text and, before it, pairs of header fields.
func say(status int, body string, fields ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(fields); i += 2 {
			w.Header().Add(fields[i], fields[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// loopback returns a client that reaches test servers and does not wait between
// requests.
func loopback(t *testing.T, o Options) *Client {
	o.AllowPrivate = true
	if o.HostPace == 0 {
		o.HostPace = -1
	}
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	c := New(o)
	t.Cleanup(c.Close)
	return c
}

// wantError checks what every error of Fetch promises, then its fault and that
// its text has the given parts.
func wantError(t *testing.T, page *feeds.Page, err error, fault feeds.Fault, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("Fetch returned the page %+v, want an error of fault %v", page, fault)
	}
	if page != nil {
		t.Errorf("Fetch returned a page beside the error %v", err)
	}
	e, ok := errors.AsType[*feeds.Error](err)
	if !ok {
		t.Fatalf("the error %q is a %T, want a *feeds.Error", err, err)
	}
	if e.Err == nil {
		t.Error("the error has no cause")
	}
	if e.Fault != fault {
		t.Errorf("the error %q has fault %v, want %v", err, e.Fault, fault)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error %q does not say %q", err, part)
		}
	}
}

func TestAPageComesWithItsValidators(t *testing.T) {
	srv := serve(t, say(200, "<rss/>", "Content-Type", "application/rss+xml; charset=utf-8", "ETag", `W/"v7"`,
		"Last-Modified", "Fri, 20 Nov 2026 02:15:00 GMT", "Cache-Control", "public, max-age=600"))
	before := time.Now()
	got, err := loopback(t, Options{}).Fetch(t.Context(), feeds.Request{URL: srv.URL + "/rss?id=7#top"})
	if err != nil {
		t.Fatal(err)
	}
	want := &feeds.Page{
		URL: srv.URL + "/rss?id=7", MediaType: "application/rss+xml; charset=utf-8", Body: []byte("<rss/>"),
		Validators: feeds.Validators{ETag: `W/"v7"`, LastModified: "Fri, 20 Nov 2026 02:15:00 GMT"}, FreshFor: 10 * time.Minute,
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(feeds.Page{}, "FetchedAt")); diff != "" {
		t.Errorf("page differs (-want +got):\n%s", diff)
	}
	if got.FetchedAt.Before(before) || got.FetchedAt.After(time.Now()) {
		t.Errorf("FetchedAt = %v, want a time during the fetch at %v", got.FetchedAt, before)
	}
}

func TestAnUnchangedPageIsASuccessWithoutBody(t *testing.T) {
	const etag, modified = `"v7"`, "Fri, 20 Nov 2026 02:15:00 GMT"
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", etag)
		if r.Header.Get("If-None-Match") == etag && r.Header.Get("If-Modified-Since") == modified {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		io.WriteString(w, "changed")
	})
	got, err := loopback(t, Options{}).Fetch(t.Context(), feeds.Request{URL: srv.URL, Validators: feeds.Validators{ETag: etag, LastModified: modified}})
	if err != nil {
		t.Fatal(err)
	}
	if !got.NotModified || len(got.Body) != 0 || got.Validators.ETag != etag {
		t.Errorf("page = %+v, want NotModified, no Body, and the ETag %s", got, etag)
	}
}

func TestARequestSaysWhoAsksAndForWhat(t *testing.T) {
	var got http.Header
	srv := serve(t, func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Clone() })
	c := loopback(t, Options{UserAgent: "gomtin/1.0 (+mailto:a@b.vn)"})
	if _, err := c.Fetch(t.Context(), feeds.Request{URL: srv.URL}); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"User-Agent": "gomtin/1.0 (+mailto:a@b.vn)", "Accept-Encoding": "gzip"} {
		if got.Get(key) != want {
			t.Errorf("%s was %q, want %q", key, got.Get(key), want)
		}
	}
	for _, media := range []string{"application/atom+xml", "application/rss+xml", "application/feed+json", "text/html"} {
		if !strings.Contains(got.Get("Accept"), media) {
			t.Errorf("Accept was %q, want %s in it", got.Get("Accept"), media)
		}
	}
	for _, key := range []string{"If-None-Match", "If-Modified-Since", "Cookie", "Referer", "Authorization"} {
		if got.Values(key) != nil {
			t.Errorf("an unconditional request had %s: %q", key, got.Values(key))
		}
	}
	if _, err := loopback(t, Options{}).Fetch(t.Context(), feeds.Request{URL: srv.URL}); err != nil || got.Get("User-Agent") != "gomtin/1.0" {
		t.Errorf("by default User-Agent was %q (error %v), want gomtin/1.0", got.Get("User-Agent"), err)
	}
}

// zipped answers with text compressed.
func zipped(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		io.WriteString(z, text)
		z.Close()
	}
}

func TestBodies(t *testing.T) {
	text := strings.Repeat("Sở Y tế\n", 100)
	tests := []struct {
		name string
		h    http.HandlerFunc
		max  int
		bad  string // in the error; empty if the body is wanted
	}{
		{"a compressed body is unpacked", zipped(text), 0, ""},
		{"a body of just the limit is whole", say(200, text), len(text), ""},
		{"a body over the limit is an error, not a cut", say(200, text), len(text) - 1, fmt.Sprint(len(text) - 1)},
		{"the limit is of the unpacked body", zipped(text), len(text) - 1, fmt.Sprint(len(text) - 1)},
		{"a coding that nobody asked for is not passed on packed", say(200, "\x0b\x02\x80abcde\x03", "Content-Encoding", "br"), 0, "br"},
		{"a body cut off by the server is an error", say(200, text, "Content-Length", "5000"), 0, "EOF"},
		{"a compressed body that is not is an error", say(200, text, "Content-Encoding", "gzip"), 0, "gzip"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := serve(t, tt.h)
			page, err := loopback(t, Options{MaxBytes: int64(tt.max)}).Fetch(t.Context(), feeds.Request{URL: srv.URL})
			switch {
			case tt.bad != "" && err == nil:
				t.Errorf("Fetch returned a body of %d bytes, %.20q, want an error that says %q", len(page.Body), page.Body, tt.bad)
			case tt.bad != "":
				wantError(t, page, err, feeds.FaultOf(err), tt.bad, srv.URL)
			case err != nil:
				t.Error(err)
			case string(page.Body) != text:
				t.Errorf("body has %d bytes, want the %d sent", len(page.Body), len(text))
			}
		})
	}
}

func TestStatuses(t *testing.T) {
	inAnHour := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	tests := []struct {
		status int
		retry  string
		fault  feeds.Fault
		after  time.Duration
	}{
		{400, "", feeds.Refused, 0},
		{401, "", feeds.Refused, 0},
		{403, "", feeds.Refused, 0},
		{404, "", feeds.Gone, 0},
		{410, "", feeds.Gone, 0},
		{429, "", feeds.Throttled, 0},
		{429, "120", feeds.Throttled, 2 * time.Minute},
		{429, inAnHour, feeds.Throttled, time.Hour},
		{500, "", feeds.Transient, 0},
		{502, "", feeds.Transient, 0},
		{503, "120", feeds.Throttled, 2 * time.Minute},
		{503, inAnHour, feeds.Throttled, time.Hour},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%d with Retry-After %q is %v", tt.status, tt.retry, tt.fault), func(t *testing.T) {
			srv := serve(t, say(tt.status, "no", "Retry-After", tt.retry))
			page, err := loopback(t, Options{}).Fetch(t.Context(), feeds.Request{URL: srv.URL + "/tin?id=7"})
			wantError(t, page, err, tt.fault, srv.URL+"/tin?id=7", fmt.Sprint(tt.status))
			if e, _ := errors.AsType[*feeds.Error](err); e.After > tt.after || e.After < tt.after-10*time.Second {
				t.Errorf("After = %v, want %v", e.After, tt.after)
			}
		})
	}
}

func TestRetryAfterAndMaxAge(t *testing.T) {
	now := time.Date(2026, 11, 20, 2, 15, 0, 0, time.UTC)
	for v, want := range map[string]time.Duration{
		"": 0, "0": 0, "120": 2 * time.Minute, "-5": 0, "soon": 0, "86400": maxWait, "86401": maxWait, "9000000000000000000": maxWait,
		"99999999999999999999":          maxWait, // more than an int holds is still more than a day
		"Fri, 20 Nov 2026 02:16:30 GMT": 90 * time.Second, "Friday, 20-Nov-26 02:16:30 GMT": 90 * time.Second,
		"Fri, 20 Nov 2026 02:14:00 GMT": 0, "Sat, 20 Nov 2027 02:15:00 GMT": maxWait,
	} {
		if got := retryAfter(v, now); got != want {
			t.Errorf("retryAfter(%q, %v) = %v, want %v", v, now, got, want)
		}
	}
	for v, want := range map[string]time.Duration{
		"": 0, "no-cache": 0, "max-age=0": 0, "max-age=-1": 0, "max-age=x": 0, "s-maxage=60": 0, "max-age=60": time.Minute,
		"public , Max-Age=60": time.Minute, `max-age="60"`: time.Minute, "max-age=999999999": maxWait,
	} {
		if got := maxAge(v); got != want {
			t.Errorf("maxAge(%q) = %v, want %v", v, got, want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, v := range []string{"", "120", "-1", "9223372036854775807", "Fri, 20 Nov 2026 02:16:30 GMT", "Mon, 01 Jan 0001 00:00:00 GMT"} {
		f.Add(v, int64(1795140900))
	}
	f.Fuzz(func(t *testing.T, v string, unix int64) {
		now := time.Unix(unix, 0)
		if got := retryAfter(v, now); got < 0 || got > 24*time.Hour {
			t.Errorf("retryAfter(%q, %v) = %v, want between 0 and 24h", v, now, got)
		}
	})
}

func TestFreshnessIsReadFromAllCacheControlFields(t *testing.T) {
	srv := serve(t, say(200, "", "Cache-Control", "public", "Cache-Control", "max-age=60"))
	page, err := loopback(t, Options{}).Fetch(t.Context(), feeds.Request{URL: srv.URL})
	if err != nil || page.FreshFor != time.Minute {
		t.Errorf("two Cache-Control fields, the second with max-age=60, gave the page %+v (error %v), want FreshFor 1m", page, err)
	}
}

func TestAServerThatDoesNotAnswerIsTransient(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	silent := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	stalls := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "<rss>")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	tests := []struct{ name, url, says string }{
		{"a refused connection", closed.URL, "refused"},
		{"no answer in time", silent.URL, "no answer within 200ms"},
		{"an answer that stops in the middle", stalls.URL, "no answer within 200ms"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			page, err := loopback(t, Options{Timeout: 200 * time.Millisecond}).Fetch(t.Context(), feeds.Request{URL: tt.url})
			wantError(t, page, err, feeds.Transient, tt.says, tt.url)
		})
	}
	t.Run("a caller who gives up is told his own reason", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errors.New("the program stops"))
		page, err := loopback(t, Options{}).Fetch(ctx, feeds.Request{URL: silent.URL})
		wantError(t, page, err, feeds.Transient, "the program stops", silent.URL)
	})
}

func TestAddressesThatAreNotFetched(t *testing.T) {
	for _, u := range []string{
		"", "tin.html", "/tin", "//a.vn/tin", "http://", "http:///tin", "http://:1/", "ftp://a.vn/", "file:///etc/passwd", "gopher://a.vn/",
		"javascript:alert(1)", "data:text/plain,x", "mailto:a@b.vn", "http://a.vn:port/", "http://[::1/", "http://a.vn/\x7f", "http://a.vn/%zz",
	} {
		page, err := loopback(t, Options{}).Fetch(t.Context(), feeds.Request{URL: u})
		if err == nil || feeds.FaultOf(err) != feeds.Refused {
			t.Errorf("Fetch(%q) = %v, %v (fault %v), want an error of fault refused", u, page, err, feeds.FaultOf(err))
		}
	}
}

func TestAPasswordIsNeitherSentNorTold(t *testing.T) {
	var asked atomic.Int32
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Path == "/away" {
			w.Header().Set("Location", "http://an:geheim@"+r.Host+"/")
			w.WriteHeader(http.StatusFound)
		}
	})
	host := strings.TrimPrefix(srv.URL, "http://")
	for _, u := range []string{"http://an:geheim@" + host, "http://geheim@" + host, "ftp://an:geheim@a.vn/", "http://an:geheim@a.vn:port/", "http://an:geheim@[::1/", "http://an:geheim %@a.vn/", "http://an:geheim@/"} {
		t.Run(u, func(t *testing.T) {
			page, err := loopback(t, Options{}).Fetch(t.Context(), feeds.Request{URL: u})
			wantError(t, page, err, feeds.Refused)
			if strings.Contains(err.Error(), "geheim") {
				t.Errorf("the error %q tells the password", err)
			}
		})
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the server was asked %d times, want never", n)
	}
	t.Run("in a redirect", func(t *testing.T) {
		page, err := loopback(t, Options{}).Fetch(t.Context(), feeds.Request{URL: srv.URL + "/away"})
		wantError(t, page, err, feeds.FaultOf(err), srv.URL+"/away")
		if strings.Contains(err.Error(), "geheim") {
			t.Errorf("the error %q tells the password", err)
		}
		if n := asked.Load(); n != 1 {
			t.Errorf("the server was asked %d times, want once", n)
		}
	})
}

func TestAServerThatSpeaksOnlyOldTLSIsRefused(t *testing.T) {
	srv := httptest.NewUnstartedServer(say(200, ""))
	srv.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	page, err := loopback(t, Options{}).Fetch(t.Context(), feeds.Request{URL: srv.URL})
	wantError(t, page, err, feeds.Refused, "tls", srv.URL)
}

func TestCAFile(t *testing.T) {
	srv := httptest.NewUnstartedServer(say(200, "secure"))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	good := write("good.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}))
	empty, missing := write("empty.pem", []byte("no certificate")), filepath.Join(dir, "missing.pem")
	port := srv.URL[strings.LastIndex(srv.URL, ":"):]
	tests := []struct{ name, url, file, says string }{
		{"an unknown certificate is refused", srv.URL, "", "certificate"},
		{"a certificate in ca_file is trusted", srv.URL, good, ""},
		{"but not for another name", "https://so-y-te.localhost" + port, good, "so-y-te.localhost"},
		{"a missing ca_file is named", srv.URL, missing, missing},
		{"a ca_file without certificate is named", srv.URL, empty, empty},
	}
	c := loopback(t, Options{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			page, err := c.Fetch(t.Context(), feeds.Request{URL: tt.url, CAFile: tt.file})
			if tt.says != "" {
				wantError(t, page, err, feeds.Refused, tt.says, tt.url)
			} else if err != nil || string(page.Body) != "secure" {
				t.Errorf("Fetch = %+v, %v, want the page", page, err)
			}
		})
	}
}

func TestPackedWithoutSayingSo(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	io.WriteString(z, "<rss/>")
	z.Close()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		w.Header().Set("Content-Encoding", "identity")
		w.Write(packed.Bytes())
	}))
	defer srv.Close()
	page, err := New(Options{AllowPrivate: true, HostPace: -1}).Fetch(t.Context(), feeds.Request{URL: srv.URL})
	if err != nil || string(page.Body) != "<rss/>" {
		t.Errorf("Fetch = %v, %v; want the body unpacked", page, err)
	}
}
