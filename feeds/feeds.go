// Package feeds is the vocabulary of gomtin: departments and their sources, the
// pages fetched from them, the articles found in those pages, the stories that
// articles tell, and the topics that stories appear under.
//
// It holds types and pure rules. It opens no socket, file or database, starts
// no goroutine, reads no clock, and imports no other gomtin package. Read
// [Article] first.
package feeds

import "time"

type (
	SourceID     int64  // row of one polled address; never public
	StoryID      int64  // row of one story; never public
	ChangeID     int64  // place in the one sequence of visible changes; 0 is before the first
	TopicID      string // a slug, stable in public URLs: "y-te"
	DepartmentID string // a slug, stable in public URLs: "so-y-te"

	// ArticleID is the public name of an article, 20 hexadecimal digits made by
	// [NewArticleID]; it never changes.
	ArticleID string

	// SafeHTML is markup that extract.Sanitize has produced. Converting any other
	// string to SafeHTML is a bug; layout_test.go looks for it.
	SafeHTML string

	// Fingerprint is a MinHash of an article's text in twelve bands, made by
	// curate.FingerprintOf: two like texts have at least one band in common. Zero
	// means that the text was too short to tell.
	Fingerprint [12]uint32
)

// A Site is the publisher: the province whose feeds gomtin serves.
type Site struct {
	Title    string `yaml:"title" json:"title"`
	URL      string `yaml:"url" json:"url"`           // public address, without a trailing slash
	Tag      string `yaml:"tag" json:"tag"`           // authority and date of RFC 4151: "tin.gialai.gov.vn,2026"
	Language string `yaml:"language" json:"language"` // BCP 47; "vi" if empty
	Timezone string `yaml:"timezone" json:"timezone"` // IANA name; Asia/Ho_Chi_Minh if empty
	Rights   string `yaml:"rights" json:"rights"`
}

// A Department publishes articles through its sources.
type Department struct {
	ID     DepartmentID `yaml:"id"`
	Name   string       `yaml:"name"`
	Home   string       `yaml:"home"`
	Topics []TopicID    `yaml:"topics"` // a leaning, not a verdict
}

// SourceKind says how a source's pages are read.
type SourceKind string

const (
	KindFeed SourceKind = "feed" // RSS, Atom or JSON Feed
	KindList SourceKind = "list" // an HTML page that lists articles
)

// A Source is one address polled for a department.
type Source struct {
	ID         SourceID
	Department Department
	Kind       SourceKind
	URL        string
	CMS        string // name of a profile; empty or "auto": told by the page's marks
	Recipe     Recipe // the catalogue's own selectors; zero: the profile's
	FullText   bool   // fetch each new article's page too; a list always does
	Charset    string // of a page that does not say; windows-1258 if empty
	CAFile     string // PEM file with a missing TLS intermediate; empty for none

	Validators Validators
	Failures   int           // failed polls in a row
	Rhythm     time.Duration // mean time between the source's articles; zero if unknown
}

// A Recipe is a set of CSS selectors that reads one site's pages. An empty
// field finds nothing.
type Recipe struct {
	Item    string `yaml:"item" json:"item,omitempty"`       // in a listing: the block of one article
	Link    string `yaml:"link" json:"link,omitempty"`       // in Item: the <a> whose text is the title
	Date    string `yaml:"date" json:"date,omitempty"`       // in Item
	Summary string `yaml:"summary" json:"summary,omitempty"` // in Item

	Title     string `yaml:"title" json:"title,omitempty"` // in an article page, like all that follow
	Lead      string `yaml:"lead" json:"lead,omitempty"`   // the sapo
	Body      string `yaml:"body" json:"body,omitempty"`
	Author    string `yaml:"author" json:"author,omitempty"`
	Published string `yaml:"published" json:"published,omitempty"`
	Section   string `yaml:"section" json:"section,omitempty"`
	Files     string `yaml:"files" json:"files,omitempty"`   // links to attachments outside the body
	Remove    string `yaml:"remove" json:"remove,omitempty"` // taken out before anything is read
}

// IsZero reports whether no selector is set.
func (r Recipe) IsZero() bool { return r == Recipe{} }

// Validators are what a server gave to ask "changed since?" with (RFC 9110, 8.8).
// The zero value asks for the page unconditionally.
type Validators struct{ ETag, LastModified string }

// A Page is what a server answered, decoded from its transfer and content
// codings but not from its charset. It belongs to whoever asked for it.
type Page struct {
	URL         string // where the answer came from, after redirects
	MediaType   string // Content-Type as sent, with parameters
	Body        []byte
	Validators  Validators
	FetchedAt   time.Time
	FreshFor    time.Duration // max-age of the answer; zero if unsaid
	NotModified bool          // a 304: Body is empty
}

// An Article is one thing that a department published, as one source shows it.
type Article struct {
	ID         ArticleID
	Department DepartmentID
	Source     SourceID

	Identity string // what ID is made of, by SetIdentity; not kept once it is stored
	GUID     string // the source's own identifier; empty if it has none or repeats it
	Link     string // the department's page, absolute and without tracking parameters

	Title     string // plain text, NFC
	Author    string
	Section   string // the source's own heading for it
	Language  string // BCP 47; empty: the site's
	Summary   string // plain text
	Content   SafeHTML
	Published time.Time // zero: the source does not say; stored as FirstSeen
	Updated   time.Time // zero: never corrected
	FirstSeen time.Time
	Revision  int // 1 for the first text, one more with each correction

	Image      Image
	Enclosures []Enclosure
	Categories []string // the source's own words
	Numbers    []string // official document numbers: "123/QĐ-UBND"

	Topics      []Match // best first; made by curate
	Fingerprint Fingerprint
	Listed      string // digest of what a list or feed says of it, where its own page is read too; not read again while that stays
}

// An Image is a picture that stands for an article.
type Image struct {
	URL           string `json:"url"`
	Alt           string `json:"alt,omitempty"`
	Width, Height int    // pixels; zero if unknown
}

// An Enclosure is a file attached to an article.
type Enclosure struct {
	URL    string `json:"url"`
	Type   string `json:"type"`            // media type
	Length int64  `json:"length"`          // bytes; zero if unknown
	Title  string `json:"title,omitempty"` // the text of its link
}

// A Story is the same article as published by one or more departments. A feed
// shows its Lead and links the others.
type Story struct {
	ID      StoryID
	Change  ChangeID  // the last visible change of it
	Changed time.Time // when that was committed
	Lead    Article
	Others  []Article // in the order they arrived; Content is not filled
}

// A Topic is a subject that stories appear under.
type Topic struct {
	ID          TopicID
	Title       string
	Description string
}

// A Match places an article under a topic, with the reasons.
type Match struct {
	Topic TopicID  `json:"slug"`
	Score float64  `json:"score"`
	Why   []string `json:"why"` // "tiêu đề: “tiêm chủng” ×3"
}

// ChangeKind says what a subscriber sees of a change.
type ChangeKind string

const (
	ChangeNew       ChangeKind = "new"
	ChangeCorrected ChangeKind = "corrected"
	ChangeMerged    ChangeKind = "merged" // another department's copy joined
)

// A Change is one step of the sequence that feeds, caches and subscribers follow.
type Change struct {
	ID          ChangeID
	Story       StoryID
	Kind        ChangeKind
	At          time.Time
	Topics      []TopicID
	Departments []DepartmentID
}

// A Subscription is a WebSub subscriber's wish to be sent one feed.
type Subscription struct {
	ID       int64
	Callback string
	Feed     string // path of the feed: "/topics/y-te.rss"
	Secret   string // for the signature; empty for none
	Expires  time.Time
	Failures int      // deliveries that failed in a row
	Change   ChangeID // the last change of its feed
	Lease    Lease

	Pending       string // "subscribe" or "unsubscribe": what the callback must confirm; empty: nothing
	PendingSecret string
	PendingLease  time.Duration
}

// A Lease is the right to work on a source until a time. The generation fences
// a late writer: who claimed later has a higher one.
type Lease struct {
	Generation int64
	Until      time.Time
}

// A Job is a source to poll and the lease under which to do it.
type Job struct {
	Source Source
	Lease  Lease
}

// An Outcome is all that one poll of a source brought, good and bad; it is
// committed at once or not at all.
type Outcome struct {
	At          time.Time
	Articles    []Article // new or perhaps changed; storage finds out which
	NotModified bool
	Partial     bool          // some articles are still to be read: poll again soon
	Validators  Validators    // stored for the next poll
	Rhythm      time.Duration // mean time between the articles of the page; zero if it does not tell
	FreshFor    time.Duration
	Next        time.Time // when to poll again
	Err         error     // why the poll failed, wholly or for some items; nil if all was well
}

// A Tally counts what a commit changed.
type Tally struct {
	New, Corrected, Merged int
}

// Add adds u to t.
func (t *Tally) Add(u Tally) {
	t.New += u.New
	t.Corrected += u.Corrected
	t.Merged += u.Merged
}

// A Request is what to fetch, and how.
type Request struct {
	URL        string
	Validators Validators
	CAFile     string // PEM file of a certificate to trust besides the system's
	Robots     bool   // ask robots.txt first (RFC 9309): for pages; a feed is an invitation
}
