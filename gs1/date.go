package gs1

import (
	"fmt"
	"strconv"
	"time"
)

// A Date is the date of AI 11 or 17 with its century: "2027-03-31", or "2027-03"
// where the symbol says day 00, which the industry read as the month's last day.
// (Since 2025 new healthcare symbols must name the day; older packs are on shelves.)
// The two spellings stay apart because they are different symbols.
type Date string

// ParseDate returns the date of the six digits YYMMDD. The century is the one that
// puts the year nearest to now, 49 years back to 50 ahead (General Specifications,
// section 7.12).
func ParseDate(yymmdd string, now time.Time) (Date, error) {
	if len(yymmdd) != 6 {
		return "", fmt.Errorf("date of %d digits: %w", len(yymmdd), ErrLength)
	}
	if err := checkSet(yymmdd, isDigit); err != nil {
		return "", err
	}
	yy, _ := strconv.Atoi(yymmdd[:2])
	present := now.UTC().Year()
	year := present - present%100 + yy
	switch diff := yy - present%100; {
	case diff >= 51:
		year -= 100
	case diff <= -50:
		year += 100
	}
	d := fmt.Sprintf("%04d-%s", year, yymmdd[2:4])
	if yymmdd[4:] != "00" {
		d += "-" + yymmdd[4:]
	}
	return checked(Date(d))
}

// checkYYMMDD is the syntax dictionary's linter yymmd0, which knows no century. In
// the window around 2000 every year is leap that is leap in any; what is left to
// ParseDate is 29 February of 1900 and 2100.
func checkYYMMDD(s string) error {
	_, err := ParseDate(s, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))
	return err
}

// Check returns nil for a day or a month that exists, spelt as ParseDate spells it.
func (d Date) Check() error {
	_, err := d.last()
	return err
}

// LastDay returns midnight UTC at the start of the last day that d covers: the
// medicine may be used on that day. Of an invalid Date it is the zero time, long past.
func (d Date) LastDay() time.Time {
	t, _ := d.last()
	return t
}

func (d Date) last() (time.Time, error) {
	layout := time.DateOnly
	if len(d) == len("2006-01") {
		layout = "2006-01"
	}
	t, err := time.Parse(layout, string(d))
	if err != nil || t.Year() < 1 {
		return time.Time{}, ErrDate
	}
	if layout != time.DateOnly {
		t = t.AddDate(0, 1, -1)
	}
	return t, nil
}

// yymmdd returns what the symbol says, for a valid date.
func (d Date) yymmdd() string {
	day := "00"
	if len(d) == len(time.DateOnly) {
		day = string(d[8:])
	}
	return string(d[2:4]+d[5:7]) + day
}

// MarshalText returns the ISO 8601 form, or the error of Check.
func (d Date) MarshalText() ([]byte, error) { return marshal(d) }

// UnmarshalText reads the ISO 8601 form, with or without day.
func (d *Date) UnmarshalText(text []byte) error { return unmarshal(d, text) }
