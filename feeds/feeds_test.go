package feeds

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestIdentity(t *testing.T) {
	tests := []struct {
		name   string
		a      Article
		shared bool
		want   string
	}{
		{"the link comes first, whatever its scheme", Article{GUID: "news_1", Link: "https://www.A.vn/x/?id=7#top"}, false, "link:a.vn/x?id=7"},
		{"a page behind a fragment is a page", Article{Link: "https://a.vn/#/tin/1"}, false, "link:a.vn#/tin/1"},
		{"a link that others have is not its own", Article{GUID: "news_1", Link: "http://a.vn/x"}, true, "guid:news_1"},
		{"nor is the home page", Article{GUID: "news_1", Link: "http://a.vn/"}, false, "guid:news_1"},
		{"then the text", Article{Title: "Tin", Content: "<p>x</p>"}, false, "text:Tin\nx"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.a.SetIdentity(tt.shared); tt.a.Identity != tt.want {
				t.Errorf("Identity %q, want %q", tt.a.Identity, tt.want)
			}
		})
	}
}

func TestArticleIDIsPinned(t *testing.T) {
	// These values are in subscribers' hands: if this test fails, every entry of
	// every feed would come again as new.
	if got, want := NewArticleID("syt", "guid:news_1"), ArticleID("5a4ce7149aba737b9dd6"); got != want {
		t.Errorf("NewArticleID = %s, want %s", got, want)
	}
	if a, b := NewArticleID("syt", "guid:news_1"), NewArticleID("snnmt", "guid:news_1"); a == b {
		t.Errorf("two departments share the id %s", a)
	}
}

func TestFaultOf(t *testing.T) {
	err := fmt.Errorf("poll: %w", &Error{Op: "fetch", URL: "http://a.vn", Fault: Gone, Err: io.EOF})
	if got := FaultOf(err); got != Gone {
		t.Errorf("FaultOf = %v, want gone", got)
	}
	if got := FaultOf(io.EOF); got != Unknown {
		t.Errorf("FaultOf(io.EOF) = %v, want unknown", got)
	}
	if got, want := err.Error(), "poll: fetch http://a.vn: EOF"; got != want {
		t.Errorf("text %q, want %q", got, want)
	}
	if !errors.Is(err, io.EOF) {
		t.Error("the cause is lost")
	}
}

func TestValidSlug(t *testing.T) {
	for s, want := range map[string]bool{"y-te": true, "a1": true, "": false, "Y-te": false, "y--te": false, "-y": false, "y te": false, "../x": false} {
		if got := ValidSlug(s); got != want {
			t.Errorf("ValidSlug(%q) = %v, want %v", s, got, want)
		}
	}
}
