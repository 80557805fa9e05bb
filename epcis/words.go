package epcis

import (
	"slices"
	"strings"
)

// A vocabulary is a list of CBV words and the URIs that stand for them.
type vocabulary struct {
	urn     string   // in front of the word in EPCIS 1.2
	web     string   // in front of the word after ref.gs1.org/cbv/
	words   []string // of the EPCIS 2.0.0 JSON schema
	growing bool     // the words are the GS1 Web Vocabulary's, which adds to them
}

// webHosts are where the CBV's web URIs live and lived.
var webHosts = []string{"https://ref.gs1.org/cbv/", "http://ref.gs1.org/cbv/", "https://ns.gs1.org/cbv/", "http://ns.gs1.org/cbv/"}

// The vocabularies of EPCIS members.
var (
	bizSteps = &vocabulary{urn: "urn:epcglobal:cbv:bizstep:", web: "BizStep-", words: strings.Fields(`
		accepting arriving assembling collecting commissioning consigning creating_class_instance cycle_counting
		decommissioning departing destroying disassembling dispensing encoding entering_exiting holding inspecting
		installing killing loading other packing picking receiving removing repackaging repairing replacing reserving
		retail_selling sampling sensor_reporting shipping staging_outbound stock_taking stocking storing transporting
		unloading unpacking void_shipping`)}
	dispositions = &vocabulary{urn: "urn:epcglobal:cbv:disp:", web: "Disp-", words: strings.Fields(`
		active available completeness_inferred completeness_verified conformant container_closed container_open damaged
		destroyed dispensed disposed encoded expired in_progress in_transit inactive mismatch_class mismatch_instance
		mismatch_quantity needs_replacement no_pedigree_match non_conformant non_sellable_other partially_dispensed
		recalled reserved retail_sold returned sellable_accessible sellable_not_accessible stolen unavailable unknown`)}
	transactionTypes = &vocabulary{urn: "urn:epcglobal:cbv:btt:", web: "BTT-", words: strings.Fields(`
		bol cert desadv inv pedigree po poc prodorder recadv rma testprd testres upevt`)}
	partyTypes   = &vocabulary{urn: "urn:epcglobal:cbv:sdt:", web: "SDT-", words: strings.Fields(`location owning_party possessing_party`)}
	errorReasons = &vocabulary{urn: "urn:epcglobal:cbv:er:", web: "ER-", words: strings.Fields(`did_not_occur incorrect_data`)}
	components   = &vocabulary{urn: "urn:epcglobal:cbv:comp:", web: "Comp-", words: strings.Fields(`
		altitude axial_distance azimuth easting elevation_angle height latitude longitude northing polar_angle
		spherical_radius x y z`)}
	measurements = &vocabulary{growing: true}
	alerts       = &vocabulary{words: []string{"ALARM_CONDITION", "ERROR_CONDITION"}}
)

// word returns the bare word that a URI stands for, or the URI if it is not the CBV's or
// is a word that this list does not have yet.
func (w *vocabulary) word(uri string) string {
	if rest, ok := strings.CutPrefix(uri, w.urn); ok && slices.Contains(w.words, rest) {
		return rest
	}
	for _, host := range webHosts {
		if rest, ok := strings.CutPrefix(uri, host+w.web); ok && slices.Contains(w.words, rest) {
			return rest
		}
	}
	return uri
}

// check returns nil for a word or another's URI in JSON, for a URI in XML. JSON has its
// own words for what GS1 defines, so that the JSON schema refuses some of GS1's URIs.
func (w *vocabulary) check(s string, syntax syntax) error {
	if syntax == inXML {
		return checkURI(s)
	}
	if slices.Contains(w.words, s) || w.growing && isWord(s) {
		return nil
	}
	if checkURI(s) != nil {
		return invalid("neither a CBV word nor a URI")
	}
	for _, prefix := range w.barred() {
		if strings.HasPrefix(s, prefix) {
			return invalid("in JSON a CBV word is written without URI")
		}
	}
	return nil
}

// barred are the beginnings of URIs that the JSON schema refuses.
func (w *vocabulary) barred() []string {
	if w.urn == "" {
		return []string{"https://gs1.org/voc/", "http://gs1.org/voc/", "https://www.gs1.org/voc/", "http://www.gs1.org/voc/"}
	}
	return []string{"urn:epcglobal:cbv", "https://ns.gs1.org/cbv/", "http://ns.gs1.org/cbv/"}
}

// isWord reports whether s has the form of a class of the GS1 Web Vocabulary.
func isWord(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return s != "" && s[0] <= 'Z'
}
