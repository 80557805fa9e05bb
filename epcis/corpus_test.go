package epcis

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"theriac/refusal"
)

// corpus returns the path below the folder of third-party files, or skips the test
// if that folder is not on this machine.
func corpus(t testing.TB, elem ...string) string {
	t.Helper()
	root := os.Getenv("THERIAC_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "shared", "data")
	}
	if _, err := os.Stat(root); err != nil {
		t.Skipf("SKIPPED, no third-party data: %v; set THERIAC_DATA. Not tested: %s", err, filepath.Join(elem...))
	}
	return filepath.Join(append([]string{root, "epcis"}, elem...)...)
}

// documents returns the documents below the folders, by their path in the corpus.
func documents(t testing.TB, dirs ...string) map[string][]byte {
	t.Helper()
	root, all := corpus(t), map[string][]byte{}
	for _, dir := range dirs {
		err := filepath.WalkDir(filepath.Join(root, dir), func(name string, d fs.DirEntry, err error) error {
			if err != nil || !slices.Contains([]string{".json", ".jsonld", ".xml"}, filepath.Ext(name)) {
				return err
			}
			rel, _ := filepath.Rel(root, name)
			all[filepath.ToSlash(rel)], err = os.ReadFile(name)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func document(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(corpus(t, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

const (
	json20 = "openepcis/2.0/EPCIS/JSON/"
	xml20  = "openepcis/2.0/EPCIS/XML/"
	xml12  = "openepcis/1.2/EPCIS/XML/"
)

// Documents that their authors take for valid: of the OpenEPCIS project, of FasTnT, and
// of the reference implementation of the CBV event hash.
func TestValidDocumentsAreTaken(t *testing.T) {
	const order = "elements stand in an order that the XML schema does not allow; as it does not in " +
		xml20 + "Capture/Invalid/ObjectEvent_with_wrong_element_order.xml"
	refused := map[string]struct {
		err error
		why string
	}{
		xml20 + "Capture/Documents/JumbledFieldsOrder.xml":                        {ErrInvalid, order},
		"fastnt/v1_2/Events/ObjectEvent_Full.xml":                                 {ErrInvalid, order},
		"fastnt/v2_0/Events/ObjectEvent_StringCertificationInfo.xml":              {ErrInvalid, order},
		"eventhash/examples/SensorDataExamples.xml":                               {ErrInvalid, order},
		"eventhash/expected_equal/differentRepresentationsOfAggregationEvent.xml": {ErrInvalid, order},
		"eventhash/expected_equal/timestampTimeZone2.xml":                         {ErrInvalid, order},
		"eventhash/examples/epcisQueryDocument.jsonld":                            {ErrUnsupported, "a query document"},
		"eventhash/examples/epcisQueryDocument.xml":                               {ErrUnsupported, "a query document"},
		"fastnt/v2_0/Requests/Request_ObjectEvent_WithMultipleMasterdata.json":    {ErrInvalid, "an attribute's id is no URI; the JSON schema refuses it too"},
	}
	taken, events := 0, 0
	for name, raw := range documents(t, json20+"Capture/Documents", json20+"Capture/Events", xml20+"Capture/Documents",
		xml20+"Capture/Events", xml12+"Capture/Documents", "fastnt/v1_2/Events", "fastnt/v2_0", "eventhash") {
		doc, err := Parse(raw)
		if exception, ok := refused[name]; ok {
			delete(refused, name)
			if !errors.Is(err, exception.err) {
				t.Errorf("Parse(%s) = %v, want %v, because: %s", name, err, exception.err, exception.why)
			}
			continue
		}
		if err != nil {
			t.Errorf("Parse(%s) = %v", name, err)
			continue
		}
		taken++
		events += len(doc.Events)
	}
	t.Logf("took %d documents with %d events", taken, events)
	if taken < 100 || len(refused) > 0 {
		t.Errorf("took %d documents, want at least 100; exceptions that were not met: %v", taken, refused)
	}
}

// The documents that the OpenEPCIS project takes for invalid, and what is wrong with them.
func TestInvalidDocumentsAreRefused(t *testing.T) {
	want := map[string]string{
		json20 + "Capture/Invalid/Combination_of_events_with_missing_mandatory_fields.json": "event 1: action: missing",
		json20 + "Capture/Invalid/ObjectEvent_with_ilmd_field_without_namespace.json":       `event 1: ilmd."materialType": no such member`,
		json20 + "Capture/Invalid/ObjectEvent_with_invalid_action.json":                     "event 1: action: none of",
		json20 + "Capture/Invalid/ObjectEvent_with_non_standard_bizStep.json":               "event 1: bizStep: neither a CBV word nor a URI",
		json20 + "Capture/Invalid/ObjectEvent_with_quantity_as_text.json":                   "event 1: quantityList[0].quantity: a number, not a text",
		json20 + "Capture/Invalid/ObjectEvent_with_unknown_field_in_quantityList.json":      `event 1: quantityList[0]."weight": no such member`,
		json20 + "Capture/Invalid/ObjectEvent_without_action_and_eventTime.json":            "event 1: eventTime: missing",
		json20 + "Capture/Invalid/ObjectEvent_without_identifier_list.json":                 "event 1: neither epcList nor quantityList",
		xml20 + "Capture/Invalid/ObjectEvent_bare_event_without_action.xml":                 "event 1: action: missing",
		xml20 + "Capture/Invalid/ObjectEvent_with_invalid_action.xml":                       "event 1: action: none of",
		xml20 + "Capture/Invalid/ObjectEvent_with_near_miss_action.xml":                     "event 1: action: none of",
		xml20 + "Capture/Invalid/ObjectEvent_with_unknown_element.xml":                      `event 1: "madeUpField": no such element`,
		xml20 + "Capture/Invalid/ObjectEvent_with_wrong_element_order.xml":                  "event 1: eventTime: twice, or not in the order",
	}
	for name, raw := range documents(t, json20+"Capture/Invalid", xml20+"Capture/Invalid") {
		_, err := Parse(raw)
		if refusal.Code(err) != "bad_epcis" || want[name] == "" || !strings.HasPrefix(err.Error(), want[name]) {
			t.Errorf("Parse(%s) = %v, want %q", name, err, want[name])
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("documents that are not there: %v", want)
	}
}

// Queries and their answers are EPCIS, but nothing to capture.
func TestQueryDocumentsAreRefused(t *testing.T) {
	for name, raw := range documents(t, json20+"Query", xml20+"Query", "fastnt/v1_2/Queries", "fastnt/v1_2/CallbackRequests") {
		if _, err := Parse(raw); refusal.Code(err) == "" {
			t.Errorf("Parse(%s) = %v, want a refusal", name, err)
		}
	}
}

// Twins are one document in two syntaxes: the reference implementation of the CBV event
// hash gives them the same hashes, so they must become the same events here.
func TestTwinsAgree(t *testing.T) {
	var twins struct{ Vectors []struct{ JSON, XML string } }
	if err := json.Unmarshal(document(t, "vectors/eventhash-twins-agree.json"), &twins); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, v := range twins.Vectors {
		a, err := Parse(document(t, v.JSON))
		if errors.Is(err, ErrUnsupported) {
			t.Logf("left out %s: %v", v.JSON, err)
			continue
		}
		if err != nil {
			t.Errorf("Parse(%s) = %v", v.JSON, err)
			continue
		}
		b, err := Parse(document(t, v.XML))
		if err != nil {
			t.Errorf("Parse(%s) = %v", v.XML, err)
			continue
		}
		if diff := cmp.Diff(a.Events, b.Events); diff != "" {
			t.Errorf("%s and %s differ (-JSON +XML):\n%s", v.JSON, v.XML, diff)
		}
		ran++
	}
	if ran < 15 {
		t.Errorf("compared %d pairs, want at least 15", ran)
	}
}
