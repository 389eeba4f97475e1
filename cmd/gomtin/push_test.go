package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestPush holds that a subscriber who knows nothing but a feed's address is sent
// an article of the sample province as soon as it is published.
func TestPush(t *testing.T) {
	bodies := make(chan string, 10)
	asked := make(chan bool, 10)
	callback := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			io.WriteString(w, r.URL.Query().Get("hub.challenge"))
			asked <- true
			return
		}
		body, _ := io.ReadAll(r.Body)
		mac := hmac.New(sha256.New, []byte("s3cret"))
		mac.Write(body)
		if r.Header.Get("X-Hub-Signature") == "sha256="+hex.EncodeToString(mac.Sum(nil)) {
			bodies <- string(body)
		}
	}))
	defer callback.Close()

	site, output, _ := startDemo(t)
	feed := site + "/topics/chinh-quyen.rss"
	resp, err := http.Head(feed)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	links := strings.Join(resp.Header.Values("Link"), ", ")
	hub := regexp.MustCompile(`<([^>]*)>; rel="hub"`).FindStringSubmatch(links)
	self := regexp.MustCompile(`<([^>]*)>; rel="self"`).FindStringSubmatch(links)
	if hub == nil || self == nil || self[1] != feed {
		t.Fatalf("Link: %s; want the hub and %s", links, feed)
	}
	resp, err = http.PostForm(hub[1], url.Values{"hub.mode": {"subscribe"}, "hub.topic": {self[1]}, "hub.callback": {callback.URL}, "hub.secret": {"s3cret"}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		t.Fatalf("subscribing gives %s, want 202", resp.Status)
	}
	select {
	case <-asked:
	case <-time.After(5 * time.Second):
		t.Fatal("the callback was not asked within 5 s")
	}
	select {
	case body := <-bodies:
		if !strings.Contains(body, "<rss") || !strings.Contains(body, site+"/topics/chinh-quyen.rss") {
			t.Errorf("it was sent %.200s", body)
		}
	case <-time.After(40 * time.Second):
		t.Fatalf("nothing was sent: %s", output.String())
	}
}
