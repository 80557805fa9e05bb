package access

import (
	"slices"
	"testing"

	"github.com/cedar-policy/cedar-go"

	"theriac/canon"
	"theriac/chain"
)

// permitted is who may do what: the least role, and one of the organisation's roles
// (none: any organisation).
var permitted = map[string]struct {
	least Role
	at    []chain.Role
}{
	"messages":             {Reader, nil},
	"message":              {Reader, nil},
	"packs":                {Clerk, nil},
	"job":                  {Reader, nil},
	"job-events":           {Reader, nil},
	"proposal":             {Reader, nil},
	"audit":                {Reader, nil},
	"dossier-documents":    {Reader, []chain.Role{chain.Administration}},
	"applications":         {Reader, []chain.Role{chain.Governor}},
	"move":                 {Clerk, nil},
	"undo":                 {Clerk, nil},
	"capture":              {Clerk, nil},
	"material-requests":    {Clerk, []chain.Role{chain.Manufacturer}},
	"distributions":        {Clerk, []chain.Role{chain.Manufacturer}},
	"material-supplies":    {Clerk, []chain.Role{chain.Supplier}},
	"sales-status":         {Clerk, []chain.Role{chain.Distributor}},
	"dispatches":           {Clerk, []chain.Role{chain.Distributor, chain.Pharmacy, chain.Hospital}},
	"receipts":             {Clerk, []chain.Role{chain.Distributor, chain.Pharmacy, chain.Hospital, chain.Manufacturer}},
	"line-list":            {Reader, nil},
	"registration-list":    {Reader, nil},
	"thing":                {Reader, nil},
	"device-list":          {Reader, nil},
	"transaction":          {Clerk, nil},
	"identify":             {Clerk, nil},
	"measure":              {Clerk, nil},
	"register-marks":       {Clerk, []chain.Role{chain.Supplier, chain.Manufacturer, chain.Distributor, chain.Pharmacy, chain.Hospital}},
	"put-line":             {Responsible, []chain.Role{chain.Manufacturer, chain.Supplier}},
	"dossiers":             {Responsible, []chain.Role{chain.Manufacturer}},
	"release":              {Responsible, []chain.Role{chain.Manufacturer}},
	"approve":              {Responsible, []chain.Role{chain.Administration}},
	"answer":               {Responsible, []chain.Role{chain.Administration}},
	"certificate-status":   {Responsible, []chain.Role{chain.Administration}},
	"recall":               {Responsible, []chain.Role{chain.Manufacturer, chain.Administration}},
	"admit":                {Responsible, []chain.Role{chain.Governor}},
	"standing":             {Responsible, []chain.Role{chain.Governor}},
	"vote":                 {Responsible, []chain.Role{chain.Governor}},
	"people":               {Administrator, nil},
	"invite":               {Administrator, nil},
	"dismiss":              {Administrator, nil},
	"appoint":              {Administrator, nil},
	"reinvite":             {Administrator, nil},
	"rotate":               {Administrator, nil},
	"revoke":               {Administrator, nil},
	"profile":              {Administrator, nil},
	"an operation of none": {"", nil},
}

// Role of the person × role of the organisation × operation.
func TestPolicies(t *testing.T) {
	all := []chain.Role{
		"", chain.Governor, chain.Administration, chain.Supplier, chain.Manufacturer, chain.Distributor, chain.Pharmacy, chain.Hospital, chain.Courier,
	}
	for _, at := range all {
		m := &chain.Member{GLN: "4000000000006"}
		if at != "" {
			m.Roles = []chain.Role{at}
		}
		d, err := New(Config{GLN: m.GLN, Member: func() (*chain.Member, error) { return m, nil }})
		if err != nil {
			t.Fatal(err)
		}
		for _, role := range append(slices.Clone(roles), "", "root", "Administrator") {
			p := &Person{ID: canon.ID{1}, Name: "P", Role: role}
			for operation, rule := range permitted {
				rank, least := slices.Index(roles, role), slices.Index(roles, rule.least)
				want := rank >= 0 && rank <= least && (rule.at == nil || slices.Contains(rule.at, at))
				policy, err := d.Permit(p, operation)
				if got := err == nil; got != want || got != (policy != "") {
					t.Errorf("%s of a %q does %s: %q %v, want %v", role, at, operation, policy, err, want)
				}
			}
		}
	}
}

// Each operation has one policy, so that the audit book names one.
func TestOnePolicyDecides(t *testing.T) {
	m := &chain.Member{GLN: "4000000000006", Roles: []chain.Role{
		chain.Governor, chain.Administration, chain.Supplier, chain.Manufacturer, chain.Distributor, chain.Pharmacy, chain.Hospital,
	}}
	d, err := New(Config{GLN: m.GLN, Member: func() (*chain.Member, error) { return m, nil }})
	if err != nil {
		t.Fatal(err)
	}
	for operation, rule := range permitted {
		if rule.least == "" {
			continue
		}
		policy, err := d.Permit(&Person{ID: canon.ID{1}, Role: Administrator}, operation)
		if err != nil || d.policies.set.Get(cedar.PolicyID(policy)) == nil {
			t.Errorf("%s: policy %q, %v", operation, policy, err)
		}
	}
}
