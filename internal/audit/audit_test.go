package audit

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"theriac/refusal"
)

func TestNew(t *testing.T) {
	known := refusal.New("known", "a reason that is known")
	for _, tt := range []struct {
		name         string
		err          error
		code, detail string
	}{
		{"done", nil, "", ""},
		{"refused", fmt.Errorf("lot 7: %w", known), "known", "lot 7: a reason that is known"},
		{"broken", errors.New("no disk"), "error", "no disk"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := Entry{Time: time.Unix(7, 0), Actor: "a", Action: "b", Subject: "c", Code: tt.code, Detail: tt.detail}
			if got := New(time.Unix(7, 0), "a", "b", "c", tt.err); got != want {
				t.Errorf("New = %+v, want %+v", got, want)
			}
		})
	}
}

// Attack: fill the book with a refused message's own words.
func TestStrangersDoNotFillTheBook(t *testing.T) {
	e := New(time.Time{}, "", "", "", fmt.Errorf("company prefix %q", strings.Repeat("ü💊", 1<<20)))
	if n := utf8.RuneCountInString(e.Detail); n != maxDetail || !utf8.ValidString(e.Detail) {
		t.Errorf("booked %d characters, want %d", n, maxDetail)
	}
}
