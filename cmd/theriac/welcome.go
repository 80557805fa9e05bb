package main

import (
	"context"
	"slices"

	"theriac/api"
	"theriac/client"
	"theriac/internal/journey"
	"theriac/internal/organisation"
)

// actors are those of the story, in the order in which people meet them.
func actors(c journey.Cast) []journey.Actor {
	return []journey.Actor{c.Pharmacy, c.Hospital, c.Distributor, c.Manufacturer, c.Supplier, c.Administration, c.Governor}
}

// firstName is that of the administrator whom a demo invites.
const firstName = "First administrator"

// welcome prints where the console of an organisation is: with an invitation as
// long as nobody has registered there.
func welcome(ctx context.Context, con *console, a journey.Actor, dir string) error {
	people, err := client.Get[api.People](ctx, a.API, "/v1/people", nil)
	if err != nil {
		return err
	}
	path, body := "/v1/people", any(map[string]string{"name": firstName, "role": "administrator"})
	if slices.ContainsFunc(people.Items, func(p api.Person) bool { return p.Passkeys > 0 }) {
		settings, err := organisation.LoadSettings(dir)
		if err != nil {
			return err
		}
		con.printf("  %-20s %s/console\n", a.Name, settings.Console())
		return nil
	}
	if i := slices.IndexFunc(people.Items, func(p api.Person) bool { return p.Name == firstName }); i >= 0 {
		path, body = path+"/"+people.Items[i].ID.String()+"/invitation", map[string]bool{}
	}
	i, err := client.Post[api.Invitation](ctx, a.API, path, "", body)
	if err != nil {
		return err
	}
	con.printf("  %-20s %s\n", a.Name, i.Link)
	return nil
}
