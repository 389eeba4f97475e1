package viet

import (
	"slices"
	"testing"

	"golang.org/x/text/unicode/norm"
)

func TestClean(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"white space of every kind becomes one space", "\u00a0 Bộ\t\nY \u2003tế ", "Bộ Y tế"},
		{"decomposed letters are composed", norm.NFD.String("Việt Nam"), "Việt Nam"},
		{"invisible characters go", "Tin\u200b n\u00adổi\ufeff bật\u0008", "Tin nổi bật"},
		{"Icelandic and African Đ become ours", "GD&\u00d0T, \u0189ảng", "GD&ĐT, Đảng"},
		{"a joiner between a letter and its tone", "e\u200d\u0301", "é"},
		{"invalid bytes show as replacement", "a\xffb", "a\ufffdb"},
		{"nothing stays nothing", " \n ", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Clean(tt.in); got != tt.want {
				t.Errorf("Clean(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestSyllables(t *testing.T) {
	got := Syllables("Thuý: hoà-bình, QUÝ I/2026; khoẻ, hoàn 12,5% và 123/QĐ-UBND")
	want := []string{"thúy", "hòa", "bình", "quý", "i", "2026", "khỏe", "hoàn", "12", "5", "và", "123", "qđ", "ubnd"}
	if !slices.Equal(got, want) {
		t.Errorf("Syllables = %q, want %q", got, want)
	}
}

func TestFoldAndSlug(t *testing.T) {
	tests := []struct{ in, fold, slug string }{
		{"Sở Y tế", "so y te", "so-y-te"},
		{"Đường Ðà Nẵng", "duong da nang", "duong-da-nang"},
		{"  Hoà & Hòa  ", "hoa hoa", "hoa-hoa"},
		{"!!!", "", ""},
	}
	for _, tt := range tests {
		if got := Fold(tt.in); got != tt.fold {
			t.Errorf("Fold(%q) = %q, want %q", tt.in, got, tt.fold)
		}
		if got := Slug(tt.in); got != tt.slug {
			t.Errorf("Slug(%q) = %q, want %q", tt.in, got, tt.slug)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("  Bộ GIÁO dục\tvà Đào tạo ")
	f.Add("e\u200d\u0301")
	f.Fuzz(func(t *testing.T, s string) {
		once := Clean(s)
		if twice := Clean(once); twice != once {
			t.Errorf("Clean is not idempotent: %q then %q", once, twice)
		}
		if !norm.NFC.IsNormalString(once) {
			t.Errorf("Clean(%q) = %q, which is not NFC", s, once)
		}
	})
}

func FuzzFold(f *testing.F) {
	f.Add("  Bộ GIÁO dục\tvà Đào tạo ")
	f.Fuzz(func(t *testing.T, s string) {
		once := Fold(s)
		if twice := Fold(once); twice != once {
			t.Errorf("Fold is not idempotent: %q then %q", once, twice)
		}
	})
}
