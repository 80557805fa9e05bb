package epcis

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"theriac/gs1"
)

// noDay is given where gs1 asks for the present day, on which only dates depend. An
// identity has none.
var noDay = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// Canonical returns the one spelling in which events hold an identifier: the Digital
// Link of the object, place or class for what package gs1 reads, any other absolute
// URI as it is. It takes what a person or scanner hands over: bare digits, element
// strings, Digital Links, EPC URNs. A serial makes the identity of a pack, with or
// without the lot and dates beside it.
func Canonical(s string, now time.Time) (string, error) {
	s = strings.Trim(s, " \t\r\n")
	id, err := gs1.ParseIdentifier(s, now)
	var canonical string
	switch {
	case err == nil:
		canonical, err = identityLink(id)
	case checkURI(s) == nil:
		canonical, err = identity(s)
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", err, ErrIdentifier)
	}
	return canonical, nil
}

// identity returns the one spelling of a URI in an event.
func identity(uri string) (string, error) {
	const urn = "urn:epc:"
	scheme, _, _ := strings.Cut(uri, ":")
	switch {
	case len(uri) >= len(urn) && strings.EqualFold(uri[:len(urn)], urn):
		// RFC 8141: scheme and namespace in any case. Else there were two spellings.
		uri = urn + uri[len(urn):]
	case !strings.EqualFold(scheme, "https") && !strings.EqualFold(scheme, "http"):
		return uri, nil
	}
	var link string
	id, err := gs1.ParseIdentifier(uri, noDay)
	if err == nil {
		link, err = identityLink(id)
	}
	if err != nil && !isSlip(uri, err) {
		return uri, nil
	}
	return link, err
}

// knownSchemes are the EPC URNs that package gs1 reads. Others are kept as text.
var knownSchemes = []string{"id:sgtin:", "id:sscc:", "id:sgln:", "id:pgln:", "class:lgtin:", "idpat:sgtin:"}

// isSlip reports whether a URI that gs1 does not read, for the reason err, was meant for
// it. Any URI may be an identifier in EPCIS, so a path that looks like a Digital Link by
// chance is none; but at GS1's own domain there is nothing else, and a key with a wrong
// check digit is a slip.
func isSlip(uri string, err error) bool {
	if epc, ok := strings.CutPrefix(uri, "urn:epc:"); ok {
		return slices.ContainsFunc(knownSchemes, func(scheme string) bool { return strings.HasPrefix(epc, scheme) })
	}
	if errors.Is(err, gs1.ErrNoKey) || errors.Is(err, gs1.ErrUnknownAI) {
		return false
	}
	_, rest, _ := strings.Cut(uri, "://")
	host, _, _ := strings.Cut(rest, "/")
	return errors.Is(err, gs1.ErrCheckDigit) || strings.EqualFold(host, "id.gs1.org")
}

// identityLink returns the canonical Digital Link of what id names, without what it
// says about it.
func identityLink(id gs1.Identifier) (string, error) {
	keys := 0
	for _, key := range []string{string(id.GTIN), string(id.SSCC), string(id.GLN), string(id.Party)} {
		if key != "" {
			keys++
		}
	}
	var only gs1.Identifier
	switch {
	case keys != 1:
		return "", fmt.Errorf("%d keys: %w", keys, gs1.ErrConflict)
	case id.Serial != "":
		only = gs1.Identifier{GTIN: id.GTIN, Serial: id.Serial}
	case id.Lot != "":
		only = gs1.Identifier{GTIN: id.GTIN, Lot: id.Lot}
	default:
		only = gs1.Identifier{GTIN: id.GTIN, SSCC: id.SSCC, GLN: id.GLN, Extension: id.Extension, Party: id.Party}
	}
	return only.DigitalLink()
}
