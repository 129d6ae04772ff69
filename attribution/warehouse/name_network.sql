-- The names of the networks.
create or replace temp table facet_name as
select network as value, min(name_of_network) as name, max(name_of_network) as other from address group by network;
