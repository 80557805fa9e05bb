package epcis

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"theriac/gs1"
)

// The DSCSA sample's twelve units become a batch, and so do its three cases. The pallet
// has no lot.
func TestSampleLots(t *testing.T) {
	got, err := Commissioned(parsed(t, document(t, sample)))
	if err != nil {
		t.Fatal(err)
	}
	want := []Lot{
		{GTIN: "00300010123455", Lot: "A123", Expiry: "2025-03-27"},
		{GTIN: "10300010123452", Lot: "A123", Expiry: "2025-03-27"},
	}
	for serial := 11; serial <= 22; serial++ {
		want[0].Packs = append(want[0].Packs, Pack{gs1.Serial(fmt.Sprint(serial)), 1})
	}
	for _, serial := range []gs1.Serial{"110", "111", "121"} {
		want[1].Packs = append(want[1].Packs, Pack{serial, 2})
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("Commissioned (-got +want):\n%s", diff)
	}
}

// commissioning returns a commissioning ObjectEvent with a lot and expiry date.
func commissioningEvent(lot, expiry string, serials ...string) string {
	var epcs strings.Builder
	for _, s := range serials {
		fmt.Fprintf(&epcs, "<epc>urn:epc:id:sgtin:952114.1101234.%s</epc>", s)
	}
	return fmt.Sprintf(`<ObjectEvent><eventTime>2026-01-02T03:04:05Z</eventTime><eventTimeZoneOffset>+00:00</eventTimeZoneOffset>
		<epcList>%s</epcList><action>ADD</action><bizStep>urn:epcglobal:cbv:bizstep:commissioning</bizStep>
		<ilmd><mda:lotNumber>%s</mda:lotNumber><mda:itemExpirationDate>%s</mda:itemExpirationDate></ilmd></ObjectEvent>`, &epcs, lot, expiry)
}

func TestCommissioned(t *testing.T) {
	one := commissioningEvent("A", "2027-03-31", "1", "2")
	const wrong = `<eventID>urn:uuid:1</eventID><errorDeclaration><declarationTime>2026-01-02T03:04:05Z</declarationTime></errorDeclaration>`
	const zone = `</eventTimeZoneOffset>`
	for _, tt := range []struct {
		name, events string
		want         string
		err          error
	}{
		{"one event", one, "A 2027-03-31 1/1 2/1", nil},
		{"two runs of a lot, date and time", one + commissioningEvent("A", "2027-03-31T00:00:00Z", "3"), "A 2027-03-31 1/1 2/1 3/2", nil},
		{"a month is its last day", one + commissioningEvent("A", "2027-03", "3"), "A 2027-03-31 1/1 2/1 3/2", nil},
		{"two lots", one + commissioningEvent("B", "2027-04-30", "3"), "A 2027-03-31 1/1 2/1; B 2027-04-30 3/2", nil},
		{"two expiry dates", one + commissioningEvent("A", "2027-04-30", "3"), "", ErrConflict},
		{"a serial twice", one + commissioningEvent("A", "2027-03-31", "3", "2"), "", ErrConflict},
		{"a serial in two lots", one + commissioningEvent("B", "2027-03-31", "2"), "", ErrConflict},
		{"no expiry date", strings.ReplaceAll(one, "itemExpirationDate", "bestBeforeDate"), "", nil},
		{"a case and an asset beside", strings.ReplaceAll(one, "</epcList>", "<epc>urn:epc:id:sscc:030001.41234567890</epc>"+
			"<epc>urn:epc:id:grai:4012345.55555.987</epc></epcList>"), "A 2027-03-31 1/1 2/1", nil},
		{"another step", strings.ReplaceAll(one, "commissioning", "encoding"), "", nil},
		{"declared wrong", strings.ReplaceAll(one, zone, zone+wrong), "", nil},
		{"declared wrong afterwards, and done again", strings.ReplaceAll(one, zone, zone+"<eventID>urn:uuid:1</eventID>") +
			strings.ReplaceAll(one, zone, zone+wrong) + commissioningEvent("A", "2027-04-30", "1"), "A 2027-04-30 1/3", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lots, err := Commissioned(parsed(t, xmlEvents(tt.events)))
			var got []string
			for _, l := range lots {
				s := fmt.Sprint(l.Lot, " ", l.Expiry)
				for _, p := range l.Packs {
					s += fmt.Sprintf(" %s/%d", p.Serial, p.Event)
				}
				got = append(got, s)
			}
			if s := strings.Join(got, "; "); s != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("Commissioned() = %q, %v, want %q, %v", s, err, tt.want, tt.err)
			}
		})
	}
}

// What an ilmd says is checked when the document comes, not when somebody needs it.
func TestBadLotsAreRefused(t *testing.T) {
	for _, tt := range []struct{ name, lot, expiry string }{
		{"no lot", "", "2027-03-31"},
		{"long lot", "123456789012345678901", "2027-03-31"},
		{"space in lot", "A 1", "2027-03-31"},
		{"structure", "<a/>", "2027-03-31"},
		{"no day", "A", "2027-02-30"},
		{"two lots", "A</mda:lotNumber><mda:lotNumber>B", "2027-03-31"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Parse(xmlEvents(commissioningEvent(tt.lot, tt.expiry, "1"))); !errors.Is(err, ErrInvalid) {
				t.Errorf("Parse() = %v, want %v", err, ErrInvalid)
			}
		})
	}
}
