// Package viet knows Vietnamese text: its Unicode forms, tone placement,
// syllables, folding to plain letters and slugs.
//
// Every function is pure and safe for concurrent use. Read [Clean] and
// [Syllables] first.
package viet

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Clean makes a line of plain text fit to show and to compare: NFC, the right
// letter Đ, no control or invisible characters, every run of white space one
// space, none at the ends.
func Clean(s string) string {
	s = norm.NFC.String(strings.ToValidUTF8(s, "\uFFFD"))
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r) || r == '\u2028' || r == '\u2029':
			space = b.Len() > 0
			continue
		case invisible(r):
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(trueD(r))
	}
	return norm.NFC.String(b.String()) // a dropped joiner may have kept a letter from its tone
}

// invisible reports whether r shows nothing: controls, U+200B and its kin, the
// soft hyphen, byte order marks, non-characters.
func invisible(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r&0xFFFE == 0xFFFE || r >= 0xFDD0 && r <= 0xFDEF
}

// trueD mends letters that look like Đ but are Icelandic (U+00D0) or African
// (U+0189). The small eth ð is left: it does not look like đ.
func trueD(r rune) rune {
	if r == 'Ð' || r == 'Ɖ' {
		return 'Đ'
	}
	return r
}

// Syllables splits s into its syllables and numbers, lower-cased, in NFC, with
// the tone in its new place (hòa, not hoà). All else separates them.
func Syllables(s string) []string {
	words := strings.FieldsFunc(strings.ToLower(Clean(s)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r)
	})
	for i, w := range words {
		words[i] = ModernTone(w)
	}
	return words
}

// oldTone maps the old placement of the tone in an open syllable to the new one.
var oldTone = strings.NewReplacer(
	"oà", "òa", "oá", "óa", "oả", "ỏa", "oã", "õa", "oạ", "ọa",
	"oè", "òe", "oé", "óe", "oẻ", "ỏe", "oẽ", "õe", "oẹ", "ọe",
	"uỳ", "ùy", "uý", "úy", "uỷ", "ủy", "uỹ", "ũy", "uỵ", "ụy",
)

// ModernTone moves the tone of one lower-case NFC syllable to its new place:
// hoà becomes hòa, thuý becomes thúy; quý stays, and so does hoàn.
func ModernTone(syllable string) string {
	runes := []rune(syllable)
	n := len(runes)
	if n < 2 || n > 2 && runes[n-3] == 'q' {
		return syllable
	}
	last := string(runes[n-2:])
	if moved := oldTone.Replace(last); moved != last {
		return string(runes[:n-2]) + moved
	}
	return syllable
}

// Fold reduces s to lower-case letters without marks, đ to d, its syllables
// separated by single spaces: what a reader types who has no Vietnamese keyboard.
func Fold(s string) string {
	return strings.Join(strings.Fields(strip(strings.Join(Syllables(s), " "))), " ")
}

// strip removes diacritics from lower-case text.
func strip(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range norm.NFD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r == 'đ' || r == 'ð':
			b.WriteByte('d')
		default:
			b.WriteRune(r)
		}
	}
	return norm.NFC.String(b.String())
}

// Slug makes an address out of s: "Sở Y tế" gives "so-y-te". Different words can
// give one slug (hoa, hòa), so a slug alone identifies nothing.
func Slug(s string) string {
	var b strings.Builder
	for _, r := range Fold(s) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.TrimSuffix(b.String(), "-")
}
