package serve

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// A rendered is one document, ready to send, with its gzip form.
type rendered struct {
	mediaType string
	body      []byte
	zipped    []byte
	etag      string // strong, of body
	zippedTag string // strong, of zipped
	modified  time.Time
	public    bool // any site may read it (CORS)
}

// newRendered compresses and tags body. modified is when what it shows was last
// changed; zero if that is not known.
func newRendered(mediaType string, body []byte, modified time.Time) *rendered {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		panic(err) // the level is a constant
	}
	z.Write(body) // to memory: can't fail
	z.Close()
	return &rendered{mediaType: mediaType, body: body, zipped: b.Bytes(), etag: tag(body), zippedTag: tag(b.Bytes()), modified: modified}
}

func tag(b []byte) string {
	sum := sha256.Sum256(b)
	return `"` + hex.EncodeToString(sum[:12]) + `"`
}

// serve answers a GET or HEAD request, or says that what the client has is still
// true. A tag of either form makes it so (RFC 9110, 13.1.2: weak comparison).
func (d *rendered) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "public, max-age=60, stale-while-revalidate=300, stale-if-error=86400")
	if d.public {
		h.Set("Access-Control-Allow-Origin", "*")
	}
	if !d.modified.IsZero() {
		h.Set("Last-Modified", d.modified.UTC().Format(http.TimeFormat))
	}
	body, etag := d.body, d.etag
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		body, etag = d.zipped, d.zippedTag
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("ETag", etag)
	if d.fresh(r) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", d.mediaType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		w.Write(body) // the reader may be gone; nothing is lost
	}
}

// fresh reports whether the client's copy is this one.
func (d *rendered) fresh(r *http.Request) bool {
	if tags := r.Header.Get("If-None-Match"); tags != "" {
		for t := range strings.SplitSeq(tags, ",") {
			t = strings.TrimPrefix(strings.TrimSpace(t), "W/")
			if t == "*" || t == d.etag || t == d.zippedTag {
				return true
			}
		}
		return false
	}
	since, err := http.ParseTime(r.Header.Get("If-Modified-Since"))
	return err == nil && !d.modified.IsZero() && !d.modified.Truncate(time.Second).After(since)
}

// acceptsGzip reads an Accept-Encoding field (RFC 9110, 12.5.3).
func acceptsGzip(field string) bool {
	all := false
	for part := range strings.SplitSeq(field, ",") {
		name, params, _ := strings.Cut(part, ";")
		q := strings.ReplaceAll(strings.TrimSpace(params), " ", "")
		wanted := true
		if v, ok := strings.CutPrefix(q, "q="); ok {
			if f, err := strconv.ParseFloat(v, 64); err == nil && f == 0 {
				wanted = false
			}
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "gzip", "x-gzip":
			return wanted
		case "*":
			all = wanted
		}
	}
	return all
}

// A cache keeps documents until a change touches them. Its keys are addresses of
// our own making, so it is as large as the catalogue.
type cache struct {
	mu    sync.Mutex
	docs  map[string]entry
	drops int // how often something was dropped
	group singleflight.Group
}

type entry struct {
	doc   *rendered
	scope string // "/topics/y-te"; "" for what shows all
}

// get returns the document at key, rendering it once for all who wait. What a
// change may have touched while it was rendered is served but not kept.
func (c *cache) get(key, scope string, render func() (*rendered, error)) (*rendered, error) {
	c.mu.Lock()
	e, ok := c.docs[key]
	drops := c.drops
	c.mu.Unlock()
	if ok {
		return e.doc, nil
	}
	doc, err, _ := c.group.Do(key+" "+strconv.Itoa(drops), func() (any, error) {
		doc, err := render()
		if err != nil {
			return nil, err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.drops == drops {
			if c.docs == nil {
				c.docs = make(map[string]entry)
			}
			c.docs[key] = entry{doc, scope}
		}
		return doc, nil
	})
	if err != nil {
		return nil, err
	}
	return doc.(*rendered), nil
}

func (c *cache) drop(scopes map[string]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops++
	for key, e := range c.docs {
		if scopes[e.scope] {
			delete(c.docs, key)
		}
	}
}

func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops++
	clear(c.docs)
}
