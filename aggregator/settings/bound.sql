-- Who signs in by a provider is part of what is known of people.
CREATE TRIGGER identity_new AFTER INSERT ON identity BEGIN UPDATE people_version SET n = n + 1; END;
CREATE TRIGGER identity_gone AFTER DELETE ON identity BEGIN UPDATE people_version SET n = n + 1; END;
