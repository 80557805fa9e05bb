package access

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
)

//go:embed policies/*.cedar
var policyFiles embed.FS

// policies are the rules of who may do what, deny by default.
type policies struct {
	set *cedar.PolicySet
	// roles are the entities of roles: each is in those that may do less.
	roles types.EntityMap
}

// readPolicies reads the policies that are built in. Each has an id of its own,
// which the audit book names.
func readPolicies() (*policies, error) {
	p := &policies{set: cedar.NewPolicySet(), roles: types.EntityMap{}}
	err := fs.WalkDir(policyFiles, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := policyFiles.ReadFile(name)
		if err != nil {
			return err
		}
		list, err := cedar.NewPolicyListFromBytes(name, raw)
		if err != nil {
			return fmt.Errorf("policies %s: %w", name, err)
		}
		for _, one := range list {
			id := one.Annotations()["id"]
			if id == "" || !p.set.Add(cedar.PolicyID(id), one) {
				return fmt.Errorf("policies %s: a policy has no id, or another's: %q", name, id)
			}
		}
		return nil
	})
	for i, role := range roles {
		e := types.Entity{UID: roleUID(role)}
		if i+1 < len(roles) {
			e.Parents = types.NewEntityUIDSet(roleUID(roles[i+1]))
		}
		p.roles[e.UID] = e
	}
	return p, err
}

func roleUID(r Role) types.EntityUID { return types.NewEntityUID("Role", types.String(r)) }

// decide returns the ids of the policies that permit an operation, "" if none does.
func (p *policies) decide(who *Person, organisation types.Entity, operation string) (string, error) {
	person := types.Entity{
		UID:     types.NewEntityUID("Person", types.String(who.ID.String())),
		Parents: types.NewEntityUIDSet(roleUID(who.Role)),
	}
	entities := types.EntityMap{person.UID: person, organisation.UID: organisation}
	for uid, e := range p.roles {
		entities[uid] = e
	}
	decision, why := cedar.Authorize(p.set, entities, cedar.Request{
		Principal: person.UID, Action: types.NewEntityUID("Action", types.String(operation)), Resource: organisation.UID,
	})
	if len(why.Errors) > 0 {
		return "", fmt.Errorf("policy %s: %s", why.Errors[0].PolicyID, why.Errors[0].Message)
	}
	if decision != cedar.Allow {
		return "", nil
	}
	var ids []string
	for _, r := range why.Reasons {
		ids = append(ids, string(r.PolicyID))
	}
	slices.Sort(ids)
	return strings.Join(ids, " "), nil
}

// organisation returns the resource of all operations, with its roles of now.
func (d *Desk) organisation() (types.Entity, error) {
	e := types.Entity{UID: types.NewEntityUID("Organisation", types.String(d.GLN))}
	m, err := d.Member()
	if err != nil {
		return e, err
	}
	var roles []types.Value
	for _, r := range m.Roles {
		roles = append(roles, types.String(r))
	}
	e.Attributes = types.NewRecord(types.RecordMap{"roles": types.NewSet(roles...)})
	return e, nil
}

// Permit returns the policy that lets a person do an operation of the API, or
// ErrForbidden.
func (d *Desk) Permit(p *Person, operation string) (policy string, err error) {
	o, err := d.organisation()
	if err != nil {
		return "", err
	}
	policy, err = d.policies.decide(p, o, operation)
	if err == nil && policy == "" {
		err = fmt.Errorf("%w: %s as %s", ErrForbidden, operation, p.Role)
	}
	return policy, err
}

// May returns those of some operations that a person may do.
func (d *Desk) May(p *Person, operations []string) ([]string, error) {
	o, err := d.organisation()
	if err != nil {
		return nil, err
	}
	out := []string{}
	for _, operation := range operations {
		policy, err := d.policies.decide(p, o, operation)
		if err != nil {
			return nil, err
		}
		if policy != "" {
			out = append(out, operation)
		}
	}
	return out, nil
}
