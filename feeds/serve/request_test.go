package serve

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// FuzzRequest holds that whatever a client writes into the fields that we parse,
// the answer is the document, whole, in a coding that it allows, or a 304.
func FuzzRequest(f *testing.F) {
	f.Add("gzip;q=0, *;q=1", `W/"x", "y"`, "Tue, 19 Jan 2038 00:00:00 GMT")
	f.Add("gzip", "*", "")
	doc := newRendered("text/plain", []byte("nội dung"), time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC))
	f.Fuzz(func(t *testing.T, encoding, match, since string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Accept-Encoding"], r.Header["If-None-Match"], r.Header["If-Modified-Since"] = []string{encoding}, []string{match}, []string{since}
		w := httptest.NewRecorder()
		doc.serve(w, r)
		zipped := w.Header().Get("Content-Encoding") == "gzip"
		switch {
		case w.Code == http.StatusNotModified && w.Body.Len() == 0 && (match != "" || since != ""):
		case w.Code == http.StatusOK && !zipped && w.Body.String() == "nội dung":
		case w.Code == http.StatusOK && zipped && w.Body.String() == string(doc.zipped) && strings.ContainsAny(encoding, "gG*"):
		default:
			t.Errorf("Accept-Encoding %q, If-None-Match %q, If-Modified-Since %q: %d, %d bytes", encoding, match, since, w.Code, w.Body.Len())
		}
	})
}
