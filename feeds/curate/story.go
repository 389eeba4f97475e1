package curate

import (
	"slices"
	"time"
	"unicode"

	"gomtin/feeds"
	"gomtin/feeds/viet"
)

// Window is how far apart two departments publish the same story.
const Window = 7 * 24 * time.Hour

// shortest is how many syllables a text needs to be compared with others.
const shortest = 40

// rows is how many MinHashes one band joins. With twelve bands of three, copies
// that share 70 % of their shingles meet in a band with a chance of 99 %, and
// texts that share 3 % with one of 0.03 %.
const rows = 3

// FingerprintOf returns the MinHash of an article's text over its shingles of
// three syllables. Zero for a text too short to tell.
func FingerprintOf(a feeds.Article) feeds.Fingerprint {
	var f feeds.Fingerprint
	shingles := shinglesOf(a)
	if len(shingles) < shortest {
		return f
	}
	var least [len(f) * rows]uint64
	for i := range least {
		least[i] = ^uint64(0)
	}
	for h := range shingles {
		for i := range least {
			least[i] = min(least[i], mix(h+uint64(i)*0x9e3779b97f4a7c15))
		}
	}
	for i := range f {
		band := uint64(0)
		for _, m := range least[i*rows : (i+1)*rows] {
			band = mix(band ^ m)
		}
		f[i] = uint32(band)
	}
	return f
}

// shinglesOf hashes every run of three syllables of the article's text.
func shinglesOf(a feeds.Article) map[uint64]bool {
	syllables := viet.Syllables(a.Content.Text())
	set := make(map[uint64]bool, len(syllables))
	for i := range max(len(syllables)-2, 0) {
		set[hash(syllables[i:i+3])] = true
	}
	return set
}

// hash is FNV-1a, mixed because its high bits are weak.
func hash(words []string) uint64 {
	h := uint64(14695981039346656037)
	for _, w := range words {
		for i := range len(w) {
			h = (h ^ uint64(w[i])) * 1099511628211
		}
		h = (h ^ ' ') * 1099511628211
	}
	return mix(h)
}

// mix is the last step of splitmix64: every bit of h changes half of the result.
func mix(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// How alike two texts must be to be one story.
const (
	leastAlike = 0.70 // shared shingles of all
	leastPart  = 0.90 // shared shingles of the shorter text, where a paragraph was cut
)

// SameStory reports whether two departments published the same article. Notices
// and bulletins of one form with other figures are not the same, nor are
// documents with other numbers.
func SameStory(a, b feeds.Article) bool {
	if a.Department == b.Department {
		return false
	}
	if otherIssue(a.Title, b.Title) || len(a.Numbers) > 0 && len(b.Numbers) > 0 && !shareAny(a.Numbers, b.Numbers) {
		return false
	}
	x, y := shinglesOf(a), shinglesOf(b)
	if len(x) < shortest || len(y) < shortest {
		return false
	}
	alike := overlap(x, y)
	part := alike * float64(len(x)+len(y)) / (1 + alike) / float64(min(len(x), len(y))) // what both have, of the shorter
	return (alike >= leastAlike || part >= leastPart && alike >= leastAlike/2) && sameFigures(a, b)
}

// SameArticle reports whether now can be old under another link, by title or by
// text: a corrected headline changes the link on many systems.
func SameArticle(old, now feeds.Article) bool {
	x, y := shinglesOf(old), shinglesOf(now)
	return overlap(set(viet.Syllables(old.Title)), set(viet.Syllables(now.Title))) >= 0.5 || len(x) > 0 && len(y) > 0 && overlap(x, y) >= 0.3
}

func set(words []string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}

// overlap is the share of both sets that is in both (Jaccard's).
func overlap[T comparable](x, y map[T]bool) float64 {
	both := 0
	for h := range x {
		if y[h] {
			both++
		}
	}
	return float64(both) / float64(max(len(x)+len(y)-both, 1))
}

// otherIssue reports whether two titles have the same words and other figures, as
// the issues of a bulletin do. A headline of other words says nothing.
func otherIssue(a, b string) bool {
	return !slices.Equal(figures(a), figures(b)) && slices.Equal(words(a), words(b))
}

// words returns the syllables of text that are no numbers.
func words(text string) []string {
	return slices.DeleteFunc(viet.Syllables(text), isFigure)
}

func isFigure(s string) bool { return unicode.IsDigit(rune(s[0])) }

// figures returns the numbers in text, sorted.
func figures(text string) []string {
	var all []string
	for _, s := range viet.Syllables(text) {
		if isFigure(s) {
			all = append(all, s)
		}
	}
	slices.Sort(all)
	return all
}

// sameFigures reports whether the shorter text's numbers are nearly all in the
// longer one: a weekly bulletin repeats its words, not its figures.
func sameFigures(a, b feeds.Article) bool {
	x, y := slices.Compact(figures(a.Content.Text())), slices.Compact(figures(b.Content.Text()))
	if len(x) > len(y) {
		x, y = y, x
	}
	if len(x) < 2 {
		return true
	}
	shared := 0
	for _, f := range x {
		if slices.Contains(y, f) {
			shared++
		}
	}
	return float64(shared) >= 0.8*float64(len(x))
}

func shareAny(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}
