package gs1

import (
	"errors"
	"testing"
	"time"
)

// General Specifications, section 7.12.
func TestParseDate(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		year     int
		out      Date
		want     error
	}{
		{"day", "270331", 2026, "2027-03-31", nil},
		{"day 00", "270300", 2026, "2027-03", nil},
		{"50 years ahead", "760101", 2026, "2076-01-01", nil},
		{"51 years ahead is the past", "770101", 2026, "1977-01-01", nil},
		{"49 years back", "310101", 2080, "2031-01-01", nil},
		{"50 years back is the future", "300101", 2080, "2130-01-01", nil},
		{"turn of century ahead", "010101", 2099, "2101-01-01", nil},
		{"turn of century back", "990101", 2001, "1999-01-01", nil},
		{"leap day", "280229", 2026, "2028-02-29", nil},
		{"leap day of 2000", "000229", 2026, "2000-02-29", nil},
		{"no leap day in 2100", "000229", 2060, "", ErrDate},
		{"no leap day", "270229", 2026, "", ErrDate},
		{"month 00", "270001", 2026, "", ErrDate},
		{"month 13", "271301", 2026, "", ErrDate},
		{"day 32", "270132", 2026, "", ErrDate},
		{"day 31 of 30", "270431", 2026, "", ErrDate},
		{"short", "27033", 2026, "", ErrLength},
		{"empty", "", 2026, "", ErrLength},
		{"letters", "2703ab", 2026, "", ErrCharacter},
		{"sign", "+70331", 2026, "", ErrCharacter},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now := time.Date(tt.year, 6, 1, 0, 0, 0, 0, time.UTC)
			got, err := ParseDate(tt.in, now)
			if got != tt.out || !errors.Is(err, tt.want) {
				t.Errorf("ParseDate(%s) in %d = %s, %v, want %s, %v", tt.in, tt.year, got, err, tt.out, tt.want)
			}
		})
	}
}

// Day 00 is the last day of the month.
func TestLastDay(t *testing.T) {
	for in, want := range map[Date]string{
		"2027-03-31": "2027-03-31",
		"2027-03":    "2027-03-31",
		"2027-02":    "2027-02-28",
		"2028-02":    "2028-02-29",
		"2027-12":    "2027-12-31",
		"2027-12-01": "2027-12-01",
		"":           "0001-01-01",
		"261231":     "0001-01-01",
		"2027-2-01":  "0001-01-01",
		"2027-02-30": "0001-01-01",
		"0000-02-01": "0001-01-01",
	} {
		got := in.LastDay()
		if got.Format(time.DateOnly) != want || got.Location() != time.UTC || (in.Check() == nil) == got.IsZero() {
			t.Errorf("Date(%q).LastDay() = %v, want %s; Check() = %v", in, got, want, in.Check())
		}
	}
}

// What ParseDate accepts comes back as the same six digits.
func FuzzParseDate(f *testing.F) {
	f.Add("270331", 2026)
	f.Add("000229", 2060)
	f.Add("999900", 9999)
	f.Fuzz(func(t *testing.T, s string, year int) {
		d, err := ParseDate(s, time.Date(year%20000, 1, 1, 0, 0, 0, 0, time.UTC))
		if err != nil {
			return
		}
		if got := d.yymmdd(); got != s || d.Check() != nil {
			t.Errorf("ParseDate(%q) = %s, written %s, %v", s, d, got, d.Check())
		}
	})
}
